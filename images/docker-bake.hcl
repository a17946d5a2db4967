# Builds every image of this folder, for both architectures:
#
#   REGISTRY=registry.example.org/plinth docker buildx bake --file images/docker-bake.hcl --push

# Where the images go: plinth:images.registry.
variable "REGISTRY" {
    default = "localhost:5000/plinth"
}

# Where Docker's official images come from.
variable "MIRROR" {
    default = "docker.io/library"
}

# The directory of OpenCart's administration: adminPath of its instances.
variable "ADMIN_PATH" {
    default = "admin"
}

# Tags as in config/images.ts.
variable "OPENCART_VERSION" {
    default = "4.1.0.4"
}

group "default" {
    targets = ["opencart"]
}

group "opencart" {
    targets = ["opencart-php", "opencart-nginx"]
}

target "opencart-base" {
    context = "images/opencart"
    platforms = ["linux/amd64", "linux/arm64"]
    args = {
        MIRROR = MIRROR
        ADMIN_PATH = ADMIN_PATH
    }
}

target "opencart-php" {
    inherits = ["opencart-base"]
    target = "opencart-php"
    tags = ["${REGISTRY}/opencart-php:${OPENCART_VERSION}"]
}

target "opencart-nginx" {
    inherits = ["opencart-base"]
    target = "opencart-nginx"
    tags = ["${REGISTRY}/opencart-nginx:${OPENCART_VERSION}"]
}

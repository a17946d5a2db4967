# Builds all images of this folder, for both architectures:
#
#   REGISTRY=registry.example.org/plinth docker buildx bake --file images/docker-bake.hcl --push

# Registry to push to: plinth:images.registry.
variable "REGISTRY" {
    default = "localhost:5000/plinth"
}

# Docker Hub, or a mirror of it.
variable "HUB" {
    default = "docker.io"
}

# Directory of OpenCart's administration: adminPath of the instances.
variable "ADMIN_PATH" {
    default = "admin"
}

# Tags as in platforms/NAME/images.ts.
variable "OPENCART_VERSION" {
    default = "4.1.0.4"
}

# The shop's repository (upstream, or your own with a composer.json): a local folder, or a URL with a commit.
# The default is v20.18.0.
variable "OPENMAGE_SOURCE" {
    default = "https://github.com/OpenMage/magento-lts.git#c565e96cc893b08fe9ae8e4efe4f5f26055fc57d"
}

variable "OPENMAGE_VERSION" {
    default = "20.18.0"
}

# QxSMS's repository: a local folder, or a URL with a commit.
variable "QXSMS_SOURCE" {
    default = "https://github.com/CDSP-SCPO/WPSS-for-ESS-webpanel.git#c3bb449e52de20ed33e483cac46fd3551f6d86d6"
}

variable "QXSMS_VERSION" {
    default = "2023-06-21"
}

# Whether to include the packages for Django's debug mode: debug of the instance.
variable "QXSMS_DEBUG" {
    default = "false"
}

group "default" {
    targets = ["opencart", "openmage", "qxsms"]
}

# Stored with a pushed image in the registry: build provenance and an SBOM.
target "described" {
    attest = ["type=provenance,mode=max", "type=sbom,generator=${HUB}/docker/buildkit-syft-scanner:1.12.0"]
}

group "opencart" {
    targets = ["opencart-php", "opencart-nginx"]
}

target "opencart-base" {
    inherits = ["described"]
    context = "images/opencart"
    platforms = ["linux/amd64", "linux/arm64"]
    args = {
        MIRROR = "${HUB}/library"
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

group "openmage" {
    targets = ["openmage-php", "openmage-nginx"]
}

target "openmage-base" {
    inherits = ["described"]
    context = "images/openmage"
    contexts = {
        source = OPENMAGE_SOURCE
    }
    platforms = ["linux/amd64", "linux/arm64"]
    args = {
        MIRROR = "${HUB}/library"
    }
    # From the environment, for private packages.
    secret = ["id=COMPOSER_AUTH,env=COMPOSER_AUTH"]
}

target "openmage-php" {
    inherits = ["openmage-base"]
    target = "openmage-php"
    tags = ["${REGISTRY}/openmage-php:${OPENMAGE_VERSION}"]
}

target "openmage-nginx" {
    inherits = ["openmage-base"]
    target = "openmage-nginx"
    tags = ["${REGISTRY}/openmage-nginx:${OPENMAGE_VERSION}"]
}

target "qxsms" {
    inherits = ["described"]
    context = "images/qxsms"
    contexts = {
        source = QXSMS_SOURCE
    }
    platforms = ["linux/amd64", "linux/arm64"]
    target = "qxsms"
    args = {
        MIRROR = "${HUB}/library"
        QXSMS_DEBUG = QXSMS_DEBUG
        QXSMS_VERSION = QXSMS_VERSION
    }
    tags = ["${REGISTRY}/qxsms:${QXSMS_VERSION}"]
}

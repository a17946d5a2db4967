"""Files in an object storage that has one address for pods and another for browsers."""

from django.conf import settings
from storages.backends.s3boto3 import S3Boto3Storage


class ObjectStorage(S3Boto3Storage):
    """Reads and writes at AWS_S3_INTERNAL_ENDPOINT_URL, and gives URLs at AWS_S3_ENDPOINT_URL.

    A signature covers the name of the host, so that a URL has to be signed for the one that the browser asks.
    Signing needs no connection.
    """

    def __init__(self, **options):
        super().__init__(**options)
        self.public = S3Boto3Storage(**options)

    def get_default_settings(self):
        defaults = super().get_default_settings()
        return {**defaults, "endpoint_url": settings.AWS_S3_INTERNAL_ENDPOINT_URL}

    def url(self, *args, **options):
        return self.public.url(*args, **options)

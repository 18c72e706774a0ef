"""The moto server and the way to it that tests of the real clients share."""

from tests.aws.conftest import moto, proxy

__all__ = ["moto", "proxy"]

"""The product's settings, but for what only costs tests time."""

from config.settings import *  # noqa: F403

# Hashing a password takes half a second on purpose; tests make hundreds of users.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Tests configure single sign-on one by one.
INSTALLED_APPS += [  # noqa: F405
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
]

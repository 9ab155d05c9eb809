"""The product's settings, but for what only costs tests time."""

from config.settings import *  # noqa: F403

# The servers of tests listen on this host.
ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8", "::1"]
# Hashing a password takes half a second on purpose; tests make hundreds of users.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]  # noqa: F405

# Tests configure single sign-on one by one.
INSTALLED_APPS += [  # noqa: F405
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
]
# Each test has a client of its own, which would list all static files: 28 ms of CPU.
WHITENOISE_AUTOREFRESH = True

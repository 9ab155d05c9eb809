"""The library's SAML views, with metadata that is read by this product.

The library fetches it without a limit of size, and for four hours does not see that a key changed.
"""

from __future__ import annotations

from allauth.socialaccount.providers.saml import utils, views

from accounts.sign_in import saml_metadata
from accounts.web.single_sign_on import explaining

utils.fetch_metadata_url_config = lambda idp: {"idp": saml_metadata.provider(idp)}

login = explaining(views.login, saml_metadata.Unavailable)
acs = explaining(views.acs, saml_metadata.Unavailable)
finish_acs = explaining(views.finish_acs, saml_metadata.Unavailable)
sls = explaining(views.sls, saml_metadata.Unavailable)
metadata = explaining(views.metadata, saml_metadata.Unavailable)

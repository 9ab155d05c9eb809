from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import (
            palette,
            receivers,  # noqa: F401
        )
        from accounts.audited import watch_models
        from accounts.sign_in import second_factor
        from accounts.storage.kinds import register_kinds
        from common.sealing import SEALED_IN_JSON
        from incidents.palette import PAGES

        SEALED_IN_JSON.register("second factors", second_factor.SEALED)
        PAGES.register("accounts", palette.PAGES)
        watch_models()
        register_kinds()

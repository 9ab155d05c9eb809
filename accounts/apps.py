from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import (
            palette,
            receivers,  # noqa: F401
        )
        from accounts.audited import watch_models
        from accounts.storage.kinds import register_kinds
        from incidents.palette import PAGES

        PAGES.register("accounts", palette.PAGES)
        watch_models()
        register_kinds()

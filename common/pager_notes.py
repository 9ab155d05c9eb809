"""How notes are marked that we write in a pager, which reports them to us as it does all others."""

OWN_NOTE = "[Causebook]"


def mark_as_ours(text: str) -> str:
    return f"{OWN_NOTE} {text}"


def is_ours(text: str) -> bool:
    return text.lstrip().startswith(OWN_NOTE)

"""Markdown to the markup of Typst. All text becomes string literals, so none of it is markup."""

from __future__ import annotations

from collections.abc import Callable

from markdown_it.tree import SyntaxTreeNode

from common.markdown import is_too_marked, make_parser, with_links

_parser = make_parser()


def literal(text: str) -> str:
    """A Typst string: only the backslash and the quote mean anything in it."""
    cleaned = "".join(c for c in text if c >= " " or c in "\n\t")
    return '"' + cleaned.replace("\\", "\\\\").replace('"', '\\"') + '"'


def content(text: str) -> str:
    return f"#{literal(text)};"


class TypstWriter:
    """Writes one document. `picture` turns a path of this site into a file name, or None."""

    def __init__(self, picture: Callable[[str], str | None], root: str) -> None:
        self.picture = picture
        self.root = root

    def markup(self, text: str) -> str:
        if is_too_marked(text):
            return f"#raw(block: true, {literal(text)})"
        tree = SyntaxTreeNode(_parser.parse(with_links(text)))
        return self._all(tree, "\n\n")

    def _all(self, node: SyntaxTreeNode, between: str = "") -> str:
        return between.join(self._one(child) for child in node.children)

    def _one(self, node: SyntaxTreeNode) -> str:
        return getattr(self, f"_{node.type}", self._plain)(node)

    def _plain(self, node: SyntaxTreeNode) -> str:
        return self._all(node) if node.children else content(node.content)

    def _text(self, node: SyntaxTreeNode) -> str:
        return content(node.content)

    def _softbreak(self, node: SyntaxTreeNode) -> str:
        return " "

    def _hardbreak(self, node: SyntaxTreeNode) -> str:
        return "#linebreak();"

    def _hr(self, node: SyntaxTreeNode) -> str:
        return "#line(length: 100%, stroke: 0.5pt + luma(190))"

    def _heading(self, node: SyntaxTreeNode) -> str:
        return f"#heading(level: {int(node.tag[1:])})[{self._all(node)}]"

    def _strong(self, node: SyntaxTreeNode) -> str:
        return f"#strong[{self._all(node)}];"

    def _em(self, node: SyntaxTreeNode) -> str:
        return f"#emph[{self._all(node)}];"

    def _s(self, node: SyntaxTreeNode) -> str:
        return f"#strike[{self._all(node)}];"

    def _code_inline(self, node: SyntaxTreeNode) -> str:
        return f"#raw({literal(node.content)});"

    def _fence(self, node: SyntaxTreeNode) -> str:
        return f"#raw(block: true, {literal(node.content.rstrip())})"

    _code_block = _fence

    def _blockquote(self, node: SyntaxTreeNode) -> str:
        return f"#quote(block: true)[{self._all(node, chr(10) * 2)}]"

    def _bullet_list(self, node: SyntaxTreeNode) -> str:
        return f"#list({self._items(node)})"

    def _ordered_list(self, node: SyntaxTreeNode) -> str:
        start = min(int(node.attrs.get("start", 1)), 1_000_000)
        return f"#enum(start: {start}, {self._items(node)})"

    def _items(self, node: SyntaxTreeNode) -> str:
        return ", ".join(f"[{self._all(item, chr(10) * 2)}]" for item in node.children)

    def _link(self, node: SyntaxTreeNode) -> str:
        target = str(node.attrs.get("href", ""))
        if target.startswith("/") and not target.startswith("//"):
            target = self.root + target
        if not target.startswith(("https://", "http://", "mailto:")):
            return self._all(node)
        return f"#link({literal(target)})[{self._all(node)}];"

    def _image(self, node: SyntaxTreeNode) -> str:
        words = node.content or "picture"
        name = self.picture(str(node.attrs.get("src", "")))
        if name is None:
            return f"#emph[{content(f'{words} (picture left out)')}];"
        return f"#image({literal(name)}, width: 100%, alt: {literal(words)});"

    def _table(self, node: SyntaxTreeNode) -> str:
        rows = [row for part in node.children for row in part.children]
        width = max((len(row.children) for row in rows), default=1)
        cells = []
        for row in rows:
            for cell in row.children:
                inner = self._all(cell)
                cells.append(f"strong[{inner}]" if cell.type == "th" else f"[{inner}]")
            cells += ["[]"] * (width - len(row.children))
        return f"#table(columns: {width}, {', '.join(cells)})"

"""A document as binary articles are: one page of PDF."""

_HEAD = b"%PDF-1.4\n"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_PAGE = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
)


def pdf(text: str) -> bytes:
    """Return a PDF that says *text* on its one line, as far as Latin letters can."""
    line = text.encode("latin-1", "replace")
    for mark in (b"\\", b"(", b")"):
        line = line.replace(mark, b"\\" + mark)
    drawn = b"BT /F1 12 Tf 56 770 Td (" + line + b") Tj ET"
    objects = (*_PAGE, b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn), _FONT)
    body, places = _HEAD, []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, rows)
    return body + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))

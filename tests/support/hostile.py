"""Texts that run where nobody escapes them."""

from __future__ import annotations

PAYLOADS = [
    "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "<svg onload=alert(1)>",
    "<svg/onload=alert(1)>", "<iframe src=javascript:alert(1)>", "<a href='javascript:alert(1)'>x",
    '"><img src=x onerror=alert(1)>', "'><script>alert(1)</script>", "</div><script>1</script>",
    "</style><img src=x onerror=alert(1)>", "</option></select><img src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>", "<body onload=alert(1)>", "<input onfocus=alert(1)>",
    "<video><source onerror=alert(1)>", "<object data='javascript:1'>", "<embed src='data:x'>",
    "<math><mtext><img src=x onerror=alert(1)>", "<base href='javascript:1//'>",
    "<meta http-equiv=refresh content='0;url=javascript:1'>", "<form action='javascript:1'>",
    "<IMG SRC=x OnErRoR=alert(1)>", "<img\nsrc=x\nonerror=alert(1)>", "<!--><script>1</script>",
    "]]><script>1</script>", "<link rel=stylesheet href='javascript:1'>",
]  # fmt: skip

"""Takes the picture of the page Today: replays, signs in by the printed link, opens one sale, checks it.

Whatever follows ``--out FILE`` on the command line goes to ``counterfoil replay``.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
from png import smaller

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 1440
ROOM_BELOW = 18


def main(argv: list[str]) -> int:
    """Make the picture; 2 when there is no Chromium or the replay ends before its page is there."""
    out = ROOT / "docs" / "pictures" / "today.png"
    if argv[:1] == ["--out"]:
        out, argv = Path(argv[1]), argv[2:]
    chromium = shutil.which("chromium")
    if chromium is None:
        print("screenshot: chromium is missing; to mend it: scripts/system-packages")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        data = [] if "--data" in argv else ["--data", folder]
        command = [sys.executable, "-m", "counterfoil", "replay", *data, *argv]
        replay = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            link = _link(replay)
            if link is None:
                return 2
            out.parent.mkdir(parents=True, exist_ok=True)
            _take(chromium, link, out)
        finally:
            replay.send_signal(signal.SIGINT)
            replay.wait(60)
    print(f"{out}: {out.stat().st_size // 1024} KB")
    return 0


def _link(replay: subprocess.Popen[str]) -> str | None:
    """The link that signs in, once the replay prints it; what it prints is passed on."""
    assert replay.stdout is not None
    for line in replay.stdout:
        print(line, end="", flush=True)
        found = re.search(r"http://\S+/login/[\w-]+", line)
        if found:
            return found[0]
    return None


def _take(chromium: str, link: str, out: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": WIDTH, "height": 900}, locale="en-GB", reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(link)
        page.click("main button")
        page.wait_for_selector(".ticket")
        page.locator(".sales a.row").first.click()
        page.wait_for_selector(".foil")
        page.click("button[data-check]")
        page.wait_for_selector(".verdict.true")
        _shoot(page, out)
        browser.close()


def _shoot(page: Page, out: Path) -> None:
    """Save the page down to the end of the open sale."""
    foil = page.locator(".foil").bounding_box()
    assert foil is not None
    height = int(foil["y"] + foil["height"] + page.evaluate("scrollY")) + ROOM_BELOW
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height}
    out.write_bytes(smaller(page.screenshot(full_page=True, clip=clip)))  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

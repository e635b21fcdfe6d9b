"""Under the Content-Security-Policy in Chromium: every page and component works, and nothing is refused."""

import urllib.error
import urllib.request

import pytest

from bert_explain.ui.stages import STAGES
from tests.browser.helpers import open_app, settled

# What a policy refused, in the page and in frames whose scripts may tell.
COLLECT = """(() => {
  window.refused = [];
  document.addEventListener('securitypolicyviolation', (e) => window.refused.push(`${e.effectiveDirective} ${e.blockedURI}`));
})()"""
PAIR = {"a": "He sat by the river bank.", "b": "The fish did not bite."}


# Streamlit's protobuf asks whether it may count in WebAssembly, and counts without it where it may not.
TRIED = "script-src wasm-eval"


def refused(page) -> list[str]:
    return [one for frame in page.frames for one in frame.evaluate("window.refused ?? []") if one != TRIED]


@pytest.mark.walk
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_nothing_that_a_page_draws_is_refused(new_page, stage):
    page = new_page()
    page.add_init_script(COLLECT)
    policies = []
    page.on("response", lambda r: policies.append(r.headers.get("content-security-policy")) if stage.path in r.url else None)
    open_app(page, stage.path, **PAIR)
    assert policies
    assert all("default-src 'none'" in policy for policy in policies if policy is not None)
    assert policies[0] is not None
    assert page.locator("h1").count() == 1
    assert refused(page) == []


def test_a_script_that_got_into_a_page_does_not_run(page, watch):
    page.add_init_script(COLLECT)
    open_app(page, "Tokens", **PAIR, mode="explore")
    page.evaluate(
        """() => {
          const frame = document.createElement('div');
          frame.innerHTML = '<img src="x" onerror="window.ran = 1"><iframe srcdoc="<script>parent.ran = 1</script>"></iframe>';
          const script = document.createElement('script');
          script.textContent = 'window.ran = 1';
          const far = document.createElement('script');
          far.src = 'https://evil.example/x.js';
          document.body.append(frame, script, far);
        }"""
    )
    page.wait_for_function("() => window.refused.length >= 3")
    assert page.evaluate("window.ran") is None
    watch.console.clear()  # the browser says there what it refused
    watch.outside.clear()


def test_bertviz_has_an_address_of_its_own_and_no_origin(page, watch):
    page.add_init_script(COLLECT)
    open_app(page, "Attention", **PAIR, mode="explore", step="bertviz", bertviz="head view")
    frame = next(f for f in page.frames if "/bertviz/" in f.url)
    frame.wait_for_selector("svg line", state="attached")
    assert frame.evaluate("self.origin") == "null"
    assert frame.evaluate("(() => { try { return parent.document.title } catch (e) { return e.name } })()") == "SecurityError"
    first = frame.url
    page.get_by_text("model view", exact=True).click()
    settled(page)
    second = next(f for f in page.frames if "/bertviz/" in f.url)
    second.wait_for_selector(".attn_background", state="attached")
    assert second.url != first
    assert refused(page) == []
    assert second.evaluate("fetch('/_stcore/health').then(() => 'let in', () => 'refused')") == "refused"
    page.wait_for_timeout(300)  # the browser says in its console what it refused, a moment later
    watch.console.clear()


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Host": "evil.example", "Origin": "http://evil.example"}, 421)],
)
def test_no_page_under_another_name(server, headers, status):
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(urllib.request.Request(f"{server}/Tokens", headers=headers))
    assert refusal.value.code == status

"""Every page in Chromium with hostile text as both sentences: nothing of it becomes an element, a link, a formula or an image."""

import pytest

from bert_explain.ui.stages import STAGES
from tests.browser.helpers import open_app

A = "<img src=x onerror=window.ran=1> [zzq](https://evil.example/zzq) $zzq$ :smile: <zzq> the bank"
B = "<script>window.ran=1</script> ![zzq](https://evil.example/zzq.png) **zzq** `zzq` https://evil.example/zzq the river"

MADE = """() => {
  const found = [];
  const walk = (root) => {
    for (const e of root.querySelectorAll('*')) {
      if (e.shadowRoot) walk(e.shadowRoot);
      const tag = e.tagName.toLowerCase();
      const own = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join('');
      if (tag === 'zzq' || e.getAttributeNames().some((n) => n === 'onerror')) found.push(e.outerHTML.slice(0, 120));
      const to = [e.getAttribute('href'), e.getAttribute('src')];
      if (to.some((one) => one && one.includes('//evil'))) found.push(`${tag} to evil`);
      if (e.classList && e.classList.contains('katex') && e.textContent.includes('zzq')) found.push('a formula');
      const marked = own.trim() === 'zzq' && e.closest('[data-testid=stMarkdownContainer]');
      if (['strong', 'em'].includes(tag) && marked) found.push(`${tag} zzq`);
      if (own.includes('\U0001f604')) found.push('a smile');
    }
  };
  walk(document);
  if (window.ran) found.push('a script ran');
  return found;
}"""


@pytest.mark.walk
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_nothing_is_made_of_what_was_typed(page, stage):
    open_app(page, stage.path, a=A, b=B)
    assert page.get_by_label("Sentence A", exact=True).input_value() == A
    assert page.evaluate(MADE) == []


def test_the_looking_finds_what_is_there(page):
    open_app(page, "Tokens", a="the bank", b="", mode="explore")
    page.evaluate(
        """() => {
          const one = document.createElement('div');
          one.innerHTML = '<zzq></zzq><a href="https://evil.example/x">x</a><span class="katex">zzq</span>';
          document.body.append(one);
        }"""
    )
    assert len(page.evaluate(MADE)) == 3

"""What a website shows of us: the script that reports visits."""

from __future__ import annotations

# Pages of any site may load it.
SCRIPT_HEADERS = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}

# It finds our address in its own, so it is the same for everybody. The token stays in the visitor's browser, for this
# site alone; it is taken out of the address bar, so that it is not passed on with a copied link. A token in the link
# replaces an older one: whoever came last is who looks at the pages that follow.
_SCRIPT = """\
(function () {
  var nav = navigator, me = document.currentScript, key = "leadflow.token", store, token;
  try { store = window.localStorage; } catch (e) {}
  if (nav.globalPrivacyControl || nav.doNotTrack === "1" || window.doNotTrack === "1") {
    try { store.removeItem(key); } catch (e) {}
    return;
  }
  var here = new URL(location.href);
  token = here.searchParams.get("lf");
  try {
    if (token) store.setItem(key, token);
    else token = store.getItem(key);
  } catch (e) {}
  if (here.searchParams.has("lf")) {
    here.searchParams.delete("lf");
    try { history.replaceState(history.state, "", here.href); } catch (e) {}
  }
  if (!token || !me) return;
  var to = new URL("v", me.src).href, body = JSON.stringify({
    token: token.slice(0, 200),
    url: (here.origin + here.pathname + here.search).slice(0, 2000),
    referrer: document.referrer.slice(0, 2000) || null,
    title: document.title.slice(0, 300) || null
  });
  if (!(nav.sendBeacon && nav.sendBeacon(to, body)))
    fetch(to, {method: "POST", mode: "no-cors", keepalive: true, credentials: "omit", body: body});
})();
"""


def visit_script() -> bytes:
    """The script, below 2 KB."""
    return _SCRIPT.encode()

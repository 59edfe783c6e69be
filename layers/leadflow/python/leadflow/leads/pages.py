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
# replaces an older one: whoever came last is who looks at the pages that follow. Where the page asks for it
# (data-anonymous), who has no token gets a random word instead, which goes with the first token or form and is then
# forgotten, so that it never tells of two people.
_SCRIPT = """\
(function () {
  var nav = navigator, doc = document, me = doc.currentScript, key = "leadflow.token", word = "leadflow.visitor";
  function kept(name, value) {
    try {
      var store = window.localStorage;
      if (value === null) store.removeItem(name);
      else if (value) store.setItem(name, value);
      return store.getItem(name);
    } catch (e) {}
  }
  if (nav.globalPrivacyControl || nav.doNotTrack === "1" || window.doNotTrack === "1") {
    kept(key, null), kept(word, null);
    return;
  }
  var here = new URL(location.href), given = here.searchParams.get("lf");
  if (here.searchParams.has("lf")) {
    here.searchParams.delete("lf");
    try { history.replaceState(history.state, "", here.href); } catch (e) {}
  }
  if (!me) return;
  var token = kept(key, given || undefined) || given, visitor = kept(word);
  if (!token && !visitor && "anonymous" in me.dataset && window.crypto && crypto.randomUUID)
    visitor = kept(word, crypto.randomUUID());
  if (!token && !visitor) return;
  if (token) kept(word, null);
  var to = new URL("v", me.src).href, body = JSON.stringify({
    token: token ? token.slice(0, 200) : null,
    visitor: visitor || null,
    url: (here.origin + here.pathname + here.search).slice(0, 2000),
    referrer: doc.referrer.slice(0, 2000) || null,
    title: doc.title.slice(0, 300) || null
  });
  if (!(nav.sendBeacon && nav.sendBeacon(to, body)))
    fetch(to, {method: "POST", mode: "no-cors", keepalive: true, credentials: "omit", body: body});
  if (visitor) doc.addEventListener("submit", function (e) {
    if (String(e.target.action).indexOf(new URL("forms/", me.src).href)) return;
    var field = doc.createElement("input");
    field.type = "hidden", field.name = "_visitor", field.value = visitor;
    e.target.appendChild(field);
    kept(word, null);
  }, true);
})();
"""


def visit_script() -> bytes:
    """The script, below 2 KB."""
    return _SCRIPT.encode()

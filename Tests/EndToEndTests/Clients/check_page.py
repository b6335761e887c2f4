"""The page of `vdb serve` in Debian's Chromium: search, keyboard, documents, addresses, hostile texts, keys.

    check_page.py URL KEYED_URL KEY

URL is a server with an empty database, KEYED_URL one that asks for KEY.
"""
import json
import sys
import urllib.request

from playwright.sync_api import expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
HOSTILE = {
    "<script>": "<script>document.title = 'broken'</script><img src=x onerror=\"document.title='broken'\">",
    "quotes": "\"'`&amp;</h2><b>bold</b>",
    "../a/%2F?#&": "an id like a path",
    "right-to-left": "\u202eoverride \u200f\u05e9\u05dc\u05d5\u05dd \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "emoji": "\U0001f34e\U0001f469\u200d\U0001f469\u200d\U0001f467 pears \U0001f1e8\U0001f1ed",
    "long": "x" * 10_000,
}
WINTER = "Apples keep all winter in a cold cellar.\n\n"


def store(url, documents):
    request = urllib.request.Request(
        url + "/v1/collections/default/documents",
        json.dumps({"documents": documents}).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).read()


def documents():
    yield {"id": "bread", "title": "Bread", "text": "Sourdough needs a day.",
           "metadata": {"kind": "baking", "year": 2019}}
    # The passage that is found is not the first.
    yield {"id": "cellar", "title": "The cellar", "metadata": {"kind": "fruit", "year": 2024},
           "text": "Bricks and mortar, cement and sand. " * 200 + WINTER + "Floors of clay. " * 200}
    for number in range(30):
        yield {"id": f"note/{number:02}", "title": f"Note {number}", "metadata": {"kind": "note"},
               "text": f"Number {number} is about the weather at sea."}
    for id, title in HOSTILE.items():
        yield {"id": id, "title": title, "text": f"hostile {title}", "metadata": {title[:50]: title[:50]}}


class Browser:
    """Pages whose errors and requests are watched."""

    def __init__(self, browser, url):
        self.browser, self.url = browser, url
        self.errors, self.foreign = [], []

    def open(self, address="/", width=1280, **options):
        page = self.browser.new_context(
            viewport={"width": width, "height": 800}, **options).new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text)
                if message.type in ("error", "warning") else None)
        page.on("dialog", lambda dialog: self.errors.append(dialog.message))
        page.on("request", lambda request: None if request.url.startswith(self.url)
                else self.foreign.append(request.url))
        page.goto(self.url + address)
        return page


def first(page):
    return page.locator("#hits h2 a").first


def search_and_read(browser):
    page = browser.open()
    expect(page.locator("#status")).to_have_text("38 documents")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.type("apples in winter")
    expect(first(page)).to_have_text("The cellar")
    expect(page.locator("#status")).to_contain_text("hits in")
    expect(page.locator("#hits li").first.locator("mark").first).to_have_text("Apples")
    page.keyboard.press("ArrowDown")
    expect(first(page)).to_be_focused()
    page.keyboard.press("Enter")
    document = page.locator("#document")
    expect(document.locator("h2")).to_have_text("The cellar")
    expect(document.locator("mark").first).to_be_in_viewport()
    assert "doc=cellar" in page.url and "apples" in page.url, page.url
    address = page.url
    page.keyboard.press("Escape")
    expect(document).to_be_hidden()
    expect(first(page)).to_be_focused()
    page.go_back()
    expect(document.locator("h2")).to_have_text("The cellar")
    page.keyboard.press("s")
    expect(page.locator("#status")).to_contain_text("10 hits")
    expect(page.locator("#status")).to_contain_text("similar to “The cellar”")
    expect(page.locator("#hits")).not_to_contain_text("The cellar")
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()
    page.close()
    # The address alone brings all of it back.
    page = browser.open(address[len(browser.url):])
    expect(page.locator("#document h2")).to_have_text("The cellar")
    expect(page.locator("#document mark").first).to_be_in_viewport()
    expect(page.locator("#query")).to_have_value("apples in winter")
    page.close()


def explain_and_filter(browser):
    page = browser.open("/#q=apples")
    expect(first(page)).to_have_text("The cellar")
    page.get_by_role("button", name="Why these?").click()
    expect(page.locator("#why")).to_contain_text("search by words")
    expect(page.locator("#hits .parts").first).to_contain_text("by meaning")
    page.locator("#hits li").filter(has_text="The cellar").get_by_text("kind: fruit").click()
    expect(page.locator("#where")).to_have_value("kind = 'fruit'")
    expect(page.locator("#hits li")).to_have_count(1)
    page.get_by_label("Lexical").check()
    page.locator("#query").fill("sourdough")
    expect(page.locator("#hits")).to_contain_text("Nothing that matches the filter")
    page.locator("#where").fill("")
    expect(first(page)).to_have_text("Bread")
    page.locator("#query").fill("")
    expect(page.locator("#status")).to_have_text("38 documents")
    expect(page.locator("#hits li")).to_have_count(20)
    page.get_by_role("button", name="More documents").click()
    expect(page.locator("#hits li")).to_have_count(38)
    page.close()


def hostile(browser):
    page = browser.open("/#q=hostile&k=25&mode=lexical")
    expect(page.locator("#hits li")).to_have_count(len(HOSTILE))
    for id, title in HOSTILE.items():
        link = page.locator(f"#hits li[data-id={json.dumps(id)}] h2 a")
        shown = link.text_content()
        assert shown == title or len(title) > 300 and title.startswith(shown[:-1]), (id, shown)
        link.click()
        expect(page.locator("#document h2")).to_have_text(title, use_inner_text=False)
        expect(page.locator("#document dd").first).to_have_text(id)
    made = page.evaluate("document.querySelectorAll('main script, main img, main b, aside script, aside img').length")
    assert made == 0 and page.title() == "hostile · vdb", (made, page.title())
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.close()


# The contrast of WCAG 2 between the text of an element and what is behind it.
CONTRAST = """selector => {
  const part = value => (value /= 255) <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
  const light = color => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number);
    return .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  };
  const element = document.querySelector(selector);
  let behind = element;
  while (/, 0\\)$|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  const one = light(getComputedStyle(element).color);
  const two = light(getComputedStyle(behind).backgroundColor);
  return (Math.max(one, two) + .05) / (Math.min(one, two) + .05);
}"""


def every_look(browser):
    for scheme in ["light", "dark"]:
        for width in [360, 1280]:
            page = browser.open(
                "/#q=apples&why=1", width=width, color_scheme=scheme, reduced_motion="reduce")
            expect(first(page)).to_have_text("The cellar")
            assert page.evaluate("document.documentElement.scrollWidth") == width
            for selector in ["#status", "#show-why", "h2 a", ".id", ".snippet", ".snippet mark", ".chip",
                             ".parts", "#why li", "input:checked + span", "input:not(:checked) + span"]:
                contrast = page.evaluate(CONTRAST, selector)
                assert contrast >= 4.5, (scheme, selector, contrast)
            nameless = page.evaluate("""[...document.querySelectorAll('input, select, button, canvas')]
                .filter(one => !one.labels?.length && !one.ariaLabel && !one.textContent.trim())
                .map(one => one.outerHTML)""")
            assert nameless == [], nameless
            first(page).click()
            expect(page.locator("#document")).to_be_visible()
            # On a narrow screen the document covers the rest, which then takes no focus.
            assert page.evaluate("document.getElementById('results').inert") == (width == 360)
            page.get_by_role("button", name="Close").click()
            expect(page.locator("#document")).to_be_hidden()
            page.close()


# How many pixels of the map are not clear.
INK = """canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 3 && value > 0).length;
}"""


def map_of_the_collection(browser):
    page = browser.open("/#q=apples")
    canvas = page.locator("#canvas")
    expect(page.locator("#map-note")).to_have_text("38 documents")
    # The field that tells documents apart best, and the rest.
    expect(page.locator("#legend")).to_contain_text("fruit")
    expect(page.locator("#color")).to_have_value("kind")
    page.wait_for_function(f"({INK})(document.getElementById('canvas')) > 500")
    # By keyboard: the best hit first, then another document, which opens.
    canvas.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tip")).to_contain_text("The cellar")
    expect(page.locator("#map-live")).to_have_text("The cellar")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#document")).to_be_visible()
    page.keyboard.press("Escape")
    # Zooming and back.
    canvas.focus()
    page.keyboard.press("+")
    page.locator("#map-reset").click()
    expect(page.locator("#map-reset")).to_be_hidden()
    # A click on a document opens it: find one by moving over the canvas.
    box = canvas.bounding_box()
    for step in range(400):
        page.mouse.move(
            box["x"] + box["width"] * (step % 20 + 0.5) / 20,
            box["y"] + box["height"] * (step // 20 + 0.5) / 20)
        if "over" in (canvas.get_attribute("class") or ""):
            break
    expect(page.locator("#tip")).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#document")).to_be_visible()
    page.locator("#color").select_option("year")
    expect(page.locator("#legend")).to_contain_text("2024")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Map", exact=True).click()
    expect(canvas).to_be_hidden()
    page.close()
    page = browser.open("/#q=apples", width=360)
    expect(first(page)).to_have_text("The cellar")
    expect(page.locator("#canvas")).to_be_hidden()
    page.get_by_role("button", name="Map", exact=True).click()
    expect(page.locator("#map-note")).to_have_text("38 documents")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.close()


def mistakes(browser):
    page = browser.open("/#q=apples&where=kind+%3D+fruit")
    expect(page.locator("#where-error")).to_contain_text("Column 8: expected")
    page.locator("#where").fill("kind = 'fruit'")
    expect(page.locator("#where-error")).to_be_hidden()
    expect(page.locator("#hits li")).to_have_count(1)
    page.goto(browser.url + "/#doc=nothing")
    expect(page.locator("#document h2")).to_have_text("There is no such document")
    page.close()


def keys(browser, key):
    page = browser.open()
    dialog = page.get_by_role("dialog")
    for given in ["wrong", key]:
        expect(dialog).to_contain_text("needs a key")
        dialog.get_by_label("Key").fill(given)
        dialog.get_by_role("button").click()
    expect(page.locator("#status")).to_contain_text("documents")
    expect(dialog).to_be_hidden()
    page.close()


def main(url, keyed, key):
    store(url, list(documents()))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        browser = Browser(chromium, url)
        search_and_read(browser)
        explain_and_filter(browser)
        hostile(browser)
        map_of_the_collection(browser)
        every_look(browser)
        assert browser.errors == [] and browser.foreign == [], (browser.errors, browser.foreign)
        # Answers that are errors are also reported to the console.
        mistakes(Browser(chromium, url))
        keys(Browser(chromium, keyed), key)
        chromium.close()
    print("well")


main(*sys.argv[1:])

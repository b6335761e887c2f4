"""Writes the documents beside this file, with the libraries that people write them with.

    pip install python-docx odfpy ebooklib reportlab nbformat numpy
    python make_documents.py

expected.json has what went into them: for each file a title, and texts that a reader sees, in order.
"""
import bz2, email.message, email.policy, json, lzma, mailbox, os, subprocess

import docx, nbformat, numpy
from docx.shared import Pt
from ebooklib import epub
from odf import text as odf_text
from odf.opendocument import OpenDocumentText
from odf.style import Style
from odf import dc
from reportlab.pdfgen import canvas

os.chdir(os.path.dirname(os.path.abspath(__file__)))
expected = {}

document = docx.Document()
document.core_properties.title = "Harbour report"
document.add_heading("Tides", level=1)
document.add_paragraph("The moon pulls & the sea follows: café, 東京.")
for item in ["first item", "second item"]:
    document.add_paragraph(item, style="List Bullet")
table = document.add_table(rows=1, cols=2)
table.rows[0].cells[0].text, table.rows[0].cells[1].text = "cell one", "cell two"
document.add_heading("Winds", level=2)
document.add_paragraph("Gusts come before rain.")
document.save("report.docx")
expected["report.docx"] = {
    "title": "Harbour report",
    "texts": ["# Tides", "The moon pulls & the sea follows: café, 東京.", "first item", "second item",
              "cell one", "cell two", "## Winds", "Gusts come before rain."]}

document = OpenDocumentText()
document.meta.addElement(dc.Title(text="On kites"))
document.text.addElement(odf_text.H(outlinelevel=1, text="Lines"))
paragraph = odf_text.P(text="Fly high")
paragraph.addElement(odf_text.Tab())
paragraph.addText("and long, Zoë.")
document.text.addElement(paragraph)
items = odf_text.List()
for item in ["paper", "string"]:
    entry = odf_text.ListItem()
    entry.addElement(odf_text.P(text=item))
    items.addElement(entry)
document.text.addElement(items)
document.save("kites.odt")
expected["kites.odt"] = {
    "title": "On kites", "texts": ["# Lines", "Fly high and long, Zoë.", "- paper", "- string"]}

book = epub.EpubBook()
book.set_identifier("book")
book.set_title("A short book")
book.set_language("en")
book.add_author("An Author")
chapters = []
for number, words in enumerate(["It begins & goes on.", "It ends."], 1):
    chapter = epub.EpubHtml(title=f"Part {number}", file_name=f"text/part {number}.xhtml")
    chapter.content = f"<h1>Part {number}</h1><p>{words.replace('&', '&amp;')}</p>"
    book.add_item(chapter)
    chapters.append(chapter)
book.add_item(epub.EpubNcx())
book.spine = list(reversed(chapters))
epub.write_epub("book.epub", book)
expected["book.epub"] = {
    "title": "A short book",
    "texts": ["# Part 2", "It ends.", "# Part 1", "It begins & goes on."]}

page = canvas.Canvas("sky.pdf", invariant=1)
page.setTitle("On <skies> & more")
page.setAuthor("A. Writer")
page.drawString(72, 720, "Why the sky turns red: (dust) & light.")
page.showPage()
page.drawString(72, 720, "A second page, Zoë.")
page.save()
expected["sky.pdf"] = {
    "title": "On <skies> & more",
    "texts": ["Why the sky turns red: (dust) & light.", "A second page, Zoë."]}

page = canvas.Canvas("locked.pdf", invariant=1, encrypt="secret")
page.drawString(72, 720, "Nobody reads this.")
page.save()

notebook = nbformat.v4.new_notebook(cells=[
    nbformat.v4.new_markdown_cell("# My analysis\nWords first."),
    nbformat.v4.new_code_cell("print(1 + 1)", outputs=[nbformat.v4.new_output("stream", text="not me")]),
    nbformat.v4.new_markdown_cell("Words last.")])
for number, cell in enumerate(notebook.cells):
    cell["id"] = f"cell{number}"
nbformat.write(notebook, "analysis.ipynb")
expected["analysis.ipynb"] = {
    "title": "My analysis",
    "texts": ["# My analysis\nWords first.", "```\nprint(1 + 1)\n```", "Words last."]}

message = email.message.EmailMessage(policy=email.policy.SMTP)
message["From"] = "René <rene@example.org>"
message["To"] = "somebody@example.org"
message["Subject"] = "Über den Garten, 東京 und einen sehr langen Betreff, der umgebrochen wird"
message["Date"] = "Mon, 01 Jan 2024 10:00:00 +0000"
message["Message-ID"] = "<garden@example.org>"
message.set_content("Die Äpfel sind reif.\nKomm bald.\n", charset="iso-8859-1", cte="quoted-printable")
message.add_alternative("<p>Nur <b>HTML</b></p>", subtype="html")
message.add_attachment(b"attached", maintype="text", subtype="plain", filename="x.txt")
message.set_boundary("outer-boundary")
message.get_payload()[0].set_boundary("inner-boundary")
open("garden.eml", "wb").write(message.as_bytes())
expected["garden.eml"] = {
    "title": message["Subject"], "texts": ["Die Äpfel sind reif.\nKomm bald."]}

if os.path.exists("inbox.mbox"):
    os.remove("inbox.mbox")
box = mailbox.mbox("inbox.mbox")
for number, body in enumerate(["One.\nFrom the start.\n", "Two, naïve.\n"], 1):
    message = email.message.EmailMessage()
    message["Subject"] = f"Message {number}"
    message["Message-ID"] = f"<m{number}@example.org>"
    message.set_content(body, cte="base64" if number == 2 else "7bit")
    entry = mailbox.mboxMessage(message)
    entry.set_from("a@example.org Mon Jan  1 10:00:00 2024")
    box.add(entry)
box.close()

rows = "".join(json.dumps({"id": f"r{i}", "text": f"row {i}"}) + "\n" for i in range(3))
open("rows.jsonl.bz2", "wb").write(bz2.compress(rows[:20].encode()) + bz2.compress(rows[20:].encode()))
open("rows.jsonl.xz", "wb").write(lzma.compress(rows[:20].encode()) + lzma.compress(rows[20:].encode()))

numpy.savez("vectors.npz", other=numpy.zeros(3, "<f4"), vectors=numpy.array([[1, 2], [3, 4.5]], "<f4"))
numpy.savez_compressed("single.npz", numpy.array([[0.5, 1]], "<f8"))

# By DuckDB's program (pip install duckdb-cli), which also reads it.
subprocess.run(["duckdb", "-c", """
    COPY (SELECT 'r' || i AS id, CASE i WHEN 1 THEN NULL ELSE 'Row ' || i END AS title,
            'text of "row" ' || i || chr(10) || 'naïve' AS text, 2020 + i AS year,
            DATE '2024-01-31' + i::INT AS day, ['a', 'b'] AS tag, [i, 0.5]::FLOAT[] AS vector
        FROM range(3) AS t(i)) TO 'rows.parquet' (FORMAT parquet)"""], check=True)

json.dump(expected, open("expected.json", "w"), ensure_ascii=False, indent=1)

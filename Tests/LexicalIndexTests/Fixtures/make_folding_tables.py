"""Makes Sources/LexicalIndex/Text/Folding+Tables.swift.

    python make_folding_tables.py > ../../../Sources/LexicalIndex/Text/Folding+Tables.swift

Asks FTS5's tokenizer `unicode61`, of the SQLite that Python brings, about every code point, alone and
between two letters: is it part of a word, what does it fold to, is it passed over? Takes minutes.
"""
import sqlite3


def probe():
    """For each code point the tokens of itself and of itself between two letters q."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE t USING fts5 (x, tokenize = 'unicode61')")
    database.execute("CREATE VIRTUAL TABLE v USING fts5vocab (t, 'instance')")
    codes = [code for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000]
    for start in range(0, len(codes), 20_000):
        part = codes[start:start + 20_000]
        found = {}
        database.execute("DELETE FROM t")
        rows = ((code * 4, chr(code)) for code in part)
        database.executemany("INSERT INTO t (rowid, x) VALUES (?, ?)", rows)
        rows = ((code * 4 + 1, f"q{chr(code)}q") for code in part)
        database.executemany("INSERT INTO t (rowid, x) VALUES (?, ?)", rows)
        for row, offset, term in database.execute("SELECT doc, offset, term FROM v"):
            found.setdefault(row, []).append((offset, term))
        tokens = lambda row: [term for _, term in sorted(found.get(row, []))]
        for code in part:
            yield code, tokens(code * 4), tokens(code * 4 + 1)


def runs(codes):
    found = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return [f"0x{first:X}, 0x{last:X}" for first, last in found]


def folded_runs(folded):
    """First, count, step and difference of runs that step by one or two."""
    rest = dict(folded)
    found = []
    while rest:
        first = min(rest)
        best = (1, 1)
        for step in (1, 2):
            count = 1
            while rest.get(first + count * step) == rest[first]:
                count += 1
            best = max(best, (count, -step))
        count, step = best[0], abs(best[1])
        found.append(f"0x{first:X}, {count}, {step}, {rest[first]}")
        for place in range(count):
            del rest[first + place * step]
    return found


def wrapped(items):
    line = " " * 7
    for item in items:
        if len(line) + len(item) + 2 > 100:
            print(line)
            line = " " * 7
        line += f" {item},"
    print(line)


separators, dropped, folded = [], [], {}
for code, alone, between in probe():
    if not alone:
        (separators if len(between) == 2 else dropped).append(code)
    elif alone[0] != chr(code):
        folded[code] = ord(alone[0]) - code
print(f"""\
// Made by Tests/LexicalIndexTests/Fixtures/make_folding_tables.py, which asks FTS5's tokenizer
// `unicode61` (SQLite {sqlite3.sqlite_version}) about every code point. Do not edit.

extension Folding {{
    /// First and last code point of each run of separators from U+0080 on. Everything else, including
    /// unassigned code points, is part of a word.
    static let separatorRuns: [UInt32] = [""")
wrapped(runs(separators))
print("""\
    ]

    /// First and last code point of each run of marks that are dropped inside a word.
    static let droppedRuns: [UInt32] = [""")
wrapped(runs(dropped))
print("""\
    ]

    /// Characters from U+0080 on that become another (lower case, or without their diacritic): the
    /// first code point, how many there are, the step between them, and what is added to each.
    static let foldedRuns: [Int32] = [""")
wrapped(folded_runs(folded))
print("    ]\n}")

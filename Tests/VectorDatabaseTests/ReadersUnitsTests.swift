import Foundation
import TestSupport
import Testing

@testable import VectorDatabase

/// Units of files, compared with the files read as a whole.
@Suite struct ReadersUnitsTests {
    let folder = TemporaryFolder()

    private struct Found: Equatable {
        var documents: [Document] = []
        var failures: [String] = []
    }

    private func options() -> SourceOptions {
        var options = SourceOptions()
        options.skipsFailures = true
        options.baseFolder = folder.path
        options.recordLimit = 300
        return options
    }

    private func whole(_ paths: [String], _ options: SourceOptions) throws -> Found {
        let reader = try DocumentReader(paths, options: options)
        var found = Found()
        try reader.forEachDocument { found.documents.append($0) }
        found.failures = reader.progress.failures.map { "\($0.error)" }
        return found
    }

    private func inUnits(
        _ paths: [String], _ options: SourceOptions, size: Int
    ) throws -> (found: Found, units: [FileUnit]) {
        let list = try UnitList(
            paths.map { SourcePath($0) }, options: options, unitSize: size, countsLines: true)
        let progress = SourceProgress(
            totalBytes: nil, files: 0, walk: list.walk, options: options)
        var found = Found()
        for unit in list.units {
            #expect(try unit.isUnchanged())
            let reading = DocumentReader.Reading(
                files: [unit.file], options: options, progress: progress)
            while let document = try reading.next() { found.documents.append(document) }
        }
        found.failures = progress.failures.map { "\($0.error)" }
        return (found, list.units)
    }

    @Test("Ranges of lines give the documents and errors of the whole file, with the same ids")
    func sameAsWhole() throws {
        var random = RandomSource.forTest()
        for round in 0..<40 {
            let isTSV = round % 4 == 3
            var bytes: [UInt8] = random.chance(0.2) ? [0xEF, 0xBB, 0xBF] : []
            let ending = random.chance(0.3) ? "\r\n" : "\n"
            for line in 0..<60 {
                let text = String(repeating: "wörd ", count: Int(random.next() % 8))
                let kinds = [
                    isTSV ? "i\(line)\t\(text)" : #"{"id":"i\#(line)","text":"\#(text)"}"#,
                    isTSV ? "j\(line)\t\(text)" : #"{"text":"\#(text)","n":\#(line)}"#,
                    isTSV ? "no tab" : #"{"title":"no text"}"#, "", "  ",
                    isTSV
                        ? "k\t" + String(repeating: "x", count: 400)
                        : #"{"text":"\#(String(repeating: "x", count: 400))"}"#,
                ]
                bytes += kinds[random.chance(0.7) ? line % 2 : Int(random.next() % 6)].utf8
                if random.chance(0.05) { bytes += [0xFF] }
                if line < 59 || random.chance(0.5) { bytes += ending.utf8 }
            }
            let path = try folder.write(isTSV ? "\(round).tsv" : "\(round).jsonl", bytes)
            let expected = try whole([path], options())
            for size in [1, 17, 64, 500, 1 << 20] {
                let (found, units) = try inUnits([path], options(), size: size)
                #expect(found == expected, "round \(round), \(size) bytes")
                let total = units.map(\.range.count).reduce(0, +)
                #expect(total == bytes.count)
                let names = Set(units.map(\.name))
                #expect(names.count == units.count)
                // A table with bytes that are not UTF-8 may be taken for another encoding.
                if size <= 64, !isTSV { #expect(units.count > 10) }
            }
        }
    }

    @Test("Files that cannot be read from the middle on are one unit each")
    func notCut() throws {
        let line = #"{"text":"some text of a line"}"# + "\n"
        let lines = String(repeating: line, count: 20)
        let array = lines.split(separator: "\n").joined(separator: ",\n")
        let row = "1\t\"a\nb\"\tc\n"
        var files: [(String, [UInt8])] = []
        func add(_ name: String, _ text: String) { files.append((name, Array(text.utf8))) }
        add("array.json", "[" + array + "]")
        add("export.jsonl", #"{"vdb_export":1}"# + "\n" + lines)
        add("carriage.jsonl", lines.replacing("\n", with: "\r"))
        add("header.tsv", "id\ttext\ttopic\n" + String(repeating: row, count: 20))
        add("rows.csv", "id,text\n" + String(repeating: "1,\"a\nb\"\n", count: 20))
        add("note.md", String(repeating: "A line.\n", count: 50))
        var wide: [UInt8] = [0xFF, 0xFE]
        for unit in lines.utf16 { wide += [UInt8(unit & 255), UInt8(unit >> 8)] }
        files.append(("utf16.jsonl", wide))
        for (name, bytes) in files {
            let path = try folder.write(name, bytes)
            let units = try UnitList(
                [SourcePath(path)], options: SourceOptions(), unitSize: 50, countsLines: true
            ).units
            let whole = units.count == 1 && units[0].range == 0..<bytes.count
            #expect(whole, "\(name)")
            #expect(units.first?.path == name)
        }
    }

    @Test("A unit has the same name on every machine, and another one for other bytes")
    func names() throws {
        _ = try folder.write("one/sub/a.txt", "text")
        _ = try folder.write("two/sub/a.txt", "text")
        _ = try folder.write("three/sub/a.txt", "test")
        func names(_ paths: [String]) throws -> [String] {
            try UnitList(
                paths.map { SourcePath(folder.file($0)) }, options: SourceOptions(),
                unitSize: 1 << 20, countsLines: false
            ).units.map(\.name)
        }
        let one = try names(["one"])
        #expect(try names(["two/"]) == one)
        #expect(one.count == 1 && one[0].hasPrefix("sub/a.txt 0-4 of 4, "))
        #expect(try names(["three"]) != one)
        // Two arguments may have the same names below them.
        let both = try names(["one", "two"]).map { String($0.prefix(11)) }
        #expect(both == ["1:sub/a.txt", "2:sub/a.txt"])
        let unit = try UnitList(
            [SourcePath(folder.file("one"))], options: SourceOptions(), unitSize: 9,
            countsLines: true
        ).units[0]
        _ = try folder.write("one/sub/a.txt", "texts")
        #expect(try !unit.isUnchanged())
        _ = try folder.write("one/sub/a.txt", "tent")
        #expect(try !unit.isUnchanged())
    }
}

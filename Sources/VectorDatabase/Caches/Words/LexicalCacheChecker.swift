import DocumentStore
import FileFormat
import LexicalIndex

/// Verifies one collection's lexical files against the database: their checksums, their structure, and
/// for every passage that its words are in them as often as in its text.
struct LexicalChecker {
    let record: CollectionRecord
    let files: LexicalFiles
    let store: DocumentStore
    let policy: IndexPolicy
    private(set) var findings: [CheckReport.Finding] = []

    private static let remake = "the next writer makes it anew, as does --repair"

    init(
        record: CollectionRecord, files: LexicalFiles, store: DocumentStore, policy: IndexPolicy
    ) {
        (self.record, self.files, self.store, self.policy) = (record, files, store, policy)
    }

    mutating func check() throws {
        let caches = try LexicalReader(record: record, files: files, store: store).open()
        var checked: [Checked] = []
        let isExpected = record.passageCount > policy.lexicalLag(recentRows: 0)
        for (path, part) in [(files.main, caches.main), (files.recent, caches.recent)] {
            guard FileSignature(path: path) != nil else {
                if path == files.main, isExpected { remark(path, "is missing") }
                continue
            }
            do throws(SectionFileError) {
                _ = try LexicalSegment(path: path, fileSystem: files.fileSystem)
            } catch {
                switch error {
                case .file(let error): throw error
                case .unsupportedVersion: remark(path, "is of another version")
                default: fault(path, "\(error)")
                }
                continue
            }
            guard let part else {
                remark(
                    path,
                    "belongs to another database or another state of this one, and is not used")
                continue
            }
            if let part = try check(part, path) { checked.append(part) }
        }
        if !findings.contains(where: \.isFault), let place = caches.place {
            try compare(caches, &checked, since: place.position)
        }
    }

    /// A part by itself, and on its way from slot to slot through the database.
    private struct Checked {
        let live: LiveSegment
        let digests: [PassageDigest]
        var slot = 0
    }

    private mutating func check(_ part: LiveSegment, _ path: String) throws -> Checked? {
        do throws(SectionFileError) {
            try part.segment.verify()
            return Checked(live: part, digests: try part.segment.checkInvariants())
        } catch {
            if case .file(let error) = error { throw error }
            fault(path, "\(error)")
            return nil
        }
    }

    /// Every passage's words against its text.
    private mutating func compare(
        _ caches: LexicalCaches, _ parts: inout [Checked], since position: Int64
    ) throws {
        var extra: [(key: Int64, path: String)] = []
        var deleted: Set<Int64> = []
        var key: Int64 = 0
        var position: Int64? = position
        var isCut = true
        while isCut {
            let changes = try store.textChanges(
                since: position, afterKey: key, limit: CollectionLexicon.readBatch, in: record)
            for range in changes.deleted { deleted.formUnion(range) }
            position = changes.position
            isCut = changes.isCut
            for text in changes.inserted where text.key <= caches.throughKey {
                key = text.key
                let digest = PassageDigest(title: text.title, text: text.text)
                guard take(text.key, digest, &parts, &extra) else { return }
            }
            if let last = changes.inserted.last, last.key > caches.throughKey { break }
        }
        for part in parts {
            for slot in part.slot..<max(part.slot, part.live.segment.count) {
                extra.append((part.live.segment.key(at: slot), part.live.segment.path ?? ""))
            }
        }
        // What the database does not have must have been deleted, before the files or since.
        for (key, path) in extra where !deleted.contains(key) {
            let isKnown = caches.segments.contains { part in
                part.segment.slot(ofKey: key).map { part.deletions?.contains(UInt32($0)) == true }
                    ?? false
            }
            if !isKnown { return fault(path, "passage \(key) is not in the database") }
        }
    }

    /// Finds a stored passage in the parts; false after a fault.
    private mutating func take(
        _ key: Int64, _ digest: PassageDigest, _ parts: inout [Checked],
        _ extra: inout [(key: Int64, path: String)]
    ) -> Bool {
        for index in parts.indices {
            let segment = parts[index].live.segment
            while parts[index].slot < segment.count, segment.key(at: parts[index].slot) < key {
                extra.append((segment.key(at: parts[index].slot), segment.path ?? ""))
                parts[index].slot += 1
            }
            guard parts[index].slot < segment.count,
                segment.key(at: parts[index].slot) == key
            else { continue }
            guard parts[index].digests[parts[index].slot] == digest else {
                fault(segment.path ?? "", "the words of passage \(key) are not those of its text")
                return false
            }
            parts[index].slot += 1
            return true
        }
        fault(files.main, "passage \(key) is missing")
        return false
    }

    private mutating func remark(_ path: String, _ message: String) {
        findings.append(
            .init(isFault: false, subject: path, message: message, remedy: Self.remake))
    }

    private mutating func fault(_ path: String, _ message: String) {
        findings.append(.init(isFault: true, subject: path, message: message, remedy: Self.remake))
    }
}

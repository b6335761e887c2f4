import DocumentStore
import FileFormat
import LexicalIndex

/// Verifies one collection's lexical files against the database: their checksums, their structure,
/// and every passage's word counts.
struct LexicalCacheChecker {
    let record: CollectionRecord
    let files: LexicalCacheFiles
    let store: DocumentStore
    let policy: CachePolicy
    private(set) var found = CacheFindings()

    init(
        record: CollectionRecord, files: LexicalCacheFiles, store: DocumentStore,
        policy: CachePolicy
    ) {
        (self.record, self.files, self.store, self.policy) = (record, files, store, policy)
    }

    mutating func check() throws {
        let caches = try LexicalCacheReader(record: record, files: files, store: store).open()
        var checked: [Checked] = []
        let isExpected = record.passageCount > policy.lexicalLag(recentRows: 0)
        for (path, part) in [(files.main, caches.main), (files.recent, caches.recent)] {
            guard FileSignature(path: path) != nil else {
                if path == files.main, isExpected { found.remark(path, "is missing") }
                continue
            }
            do throws(SectionFileError) {
                _ = try LexicalSegment(path: path, fileSystem: files.fileSystem)
            } catch {
                switch error {
                case .file(let error): throw error
                case .unsupportedVersion: found.remark(path, "is of another version")
                default: found.fault(path, "\(error)")
                }
                continue
            }
            guard let part else {
                found.remarkForeign(path)
                continue
            }
            if let part = try check(part, path) { checked.append(part) }
        }
        if !found.hasFault, let place = caches.place {
            try compare(caches, &checked, since: place.position)
        }
    }

    /// A segment, and the slot that the pass over the database has reached.
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
            found.fault(path, "\(error)")
            return nil
        }
    }

    /// Compares every passage's indexed words with its text.
    private mutating func compare(
        _ caches: LexicalCacheContents, _ parts: inout [Checked], since position: Int64
    ) throws {
        var extra: [(key: Int64, path: String)] = []
        var deleted: Set<Int64> = []
        var key: Int64 = 0
        var position: Int64? = position
        var isCut = true
        while isCut {
            let changes = try store.textChanges(
                since: position, afterKey: key, limit: LexicalCache.readBatch, in: record)
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
        // Passages that the database lacks must have been deleted, before or after the files were
        // written.
        for (key, path) in extra where !deleted.contains(key) {
            let isKnown = caches.segments.contains { part in
                part.segment.slot(ofKey: key).map { part.deletions?.contains(UInt32($0)) == true }
                    ?? false
            }
            if !isKnown { return found.fault(path, "passage \(key) is not in the database") }
        }
    }

    /// Finds a stored passage in the segments; `false` after a fault.
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
                found.fault(
                    segment.path ?? "", "the words of passage \(key) are not those of its text")
                return false
            }
            parts[index].slot += 1
            return true
        }
        found.fault(files.main, "passage \(key) is missing")
        return false
    }
}

import TestSupport
import VectorDatabase

extension ConcurrencyLoop {
    /// One read of a random kind, and whether it can have seen what it saw.
    func read(from database: Database, random: inout RandomSource) async throws {
        let collection = database.collection()
        switch Int.random(in: 0..<7, using: &random) {
        case 0: try readDocument(in: collection, random: &random)
        case 1, 2: try await readGroup(in: collection, random: &random)
        case 3: try await findByItself(in: collection, random: &random)
        case 4:
            let word = "word\(Int.random(in: 0...100, using: &random))"
            for hit in try await collection.query(Query(word, mode: .lexical)).hits {
                _ = try sample(of: hit)
            }
        case 5:
            let page = try collection.documents(limit: 50)
            guard zip(page, page.dropFirst()).allSatisfy({ $0.id < $1.id }) else {
                throw failure("a page of documents is out of order")
            }
        default:
            let target = SampleDocument(
                number: Int.random(in: 0..<1000, using: &random), version: 2)
            let vector = target.vector(dimensions: FaultScript.dimensions)
            var query = Query(vector: vector, limit: 10)
            query.isExact = random.chance(0.5)
            try expectRight(try await collection.query(query).hits, vector)
        }
        journal.count { $0.reads += 1 }
    }

    /// A document that is safe is there, at that version or a later one.
    private func readDocument(
        in collection: DocumentCollection, random: inout RandomSource
    ) throws {
        guard let (group, safe) = journal.randomSafe(&random) else { return }
        let number = Int.random(in: group.numbers, using: &random)
        let found = try collection.document("d\(number)")
        let begun = journal.begun(group)
        guard let found else {
            guard safe.isDeleted || begun > safe.version else {
                throw failure("d\(number), version \(safe.version), was safe and is not found")
            }
            return
        }
        guard case .integer(let version)? = found.metadata["v"], version >= safe.version else {
            throw failure("d\(number) is found older than version \(safe.version), which was safe")
        }
        if safe.isDeleted && begun == safe.version {
            throw failure("d\(number) was deleted and is found")
        }
    }

    /// A group in one read: as one commit left it.
    private func readGroup(
        in collection: DocumentCollection, random: inout RandomSource
    ) async throws {
        guard let (group, safe) = journal.randomSafe(&random) else { return }
        let numbers = group.numbers
        var query = Query(
            vector: SampleDocument(number: numbers.lowerBound, version: 1)
                .vector(dimensions: FaultScript.dimensions), limit: 2 * WriteGroup.size)
        query.filter = try Filter("n >= \(numbers.lowerBound) AND n < \(numbers.upperBound)")
        query.isExact = random.chance(0.5)
        let hits = try await collection.query(query).hits
        let begun = journal.begun(group)
        var found: [Int: Int] = [:]
        for hit in hits {
            let sample = try sample(of: hit)
            guard found.updateValue(sample.version, forKey: sample.number) == nil else {
                throw failure("\(hit.id) is found twice")
            }
        }
        let versions = numbers.map { found[$0] ?? 0 }
        let newest = versions.max() ?? 0
        let rest = Set(versions.drop { $0 == newest })
        // The rest of a group is as it was: all at one earlier version, or all absent.
        guard rest.count <= 1, !rest.contains(newest) else {
            throw failure("\(numbers) is seen at versions \(versions), which no commit left")
        }
        guard begun == safe.version else { return }
        guard rest.isEmpty, newest == (safe.isDeleted ? 0 : safe.version) else {
            throw failure(
                "\(numbers) is seen at versions \(versions) while only \(safe) was stored")
        }
    }

    /// Through the graph, while others are being linked.
    private func findByItself(
        in collection: DocumentCollection, random: inout RandomSource
    ) async throws {
        guard let (group, safe) = journal.randomSafe(&random), !safe.isDeleted else { return }
        let sample = SampleDocument(
            number: Int.random(in: group.numbers, using: &random), version: safe.version)
        let vector = sample.vector(dimensions: FaultScript.dimensions)
        let hits = try await collection.query(Query(vector: vector, limit: 10)).hits
        try expectRight(hits, vector)
        guard journal.begun(group) == safe.version else { return }
        // A few documents may be as near as the one that is sought, but not ten nearer ones.
        let isFound = hits.contains { $0.id == sample.id } || (hits.last?.score ?? 0) > 0.9999
        journal.count {
            $0.walks += 1
            if !isFound { $0.misses += 1 }
        }
    }

    /// The document that a hit is, if it is one.
    private func sample(of hit: Hit) throws -> SampleDocument {
        guard case .integer(let number)? = hit.metadata["n"],
            case .integer(let version)? = hit.metadata["v"]
        else { throw failure("\(hit.id) has other metadata") }
        let sample = SampleDocument(number: Int(number), version: Int(version))
        guard hit.id == sample.id, hit.text == sample.text, hit.title == sample.title else {
            throw failure("\(hit.id) is mixed from two documents")
        }
        return sample
    }

    private func expectRight(_ hits: [Hit], _ vector: [Float]) throws {
        for (hit, next) in zip(hits, hits.dropFirst()) where next.score > hit.score {
            throw failure("\(next.id) is ranked below \(hit.id) and scores higher")
        }
        for hit in hits {
            let own = try sample(of: hit).vector(dimensions: FaultScript.dimensions)
            let score = zip(own, vector).reduce(Float(0)) { $0 + $1.0 * $1.1 }
            guard abs(Double(score) - hit.score) < 1e-4 else {
                throw failure("\(hit.id) is found with the score \(hit.score), its own is \(score)")
            }
        }
    }
}

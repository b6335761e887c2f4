import TestSupport
import VectorDatabase

/// Generates random scripts, the same for the same seed.
struct ScriptGenerator {
    private var random: RandomSource

    init(seed: UInt64) { random = RandomSource(seed: seed) }

    private mutating func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    private mutating func isTrue(oneIn bound: Int) -> Bool { number(bound) == 0 }
    private var filters: Int { ScriptDocument.filters.count }

    mutating func script(length: Int) -> [Operation] {
        (0..<length).map { _ in operation() }
    }

    private mutating func operation() -> Operation {
        let collection = isTrue(oneIn: 3) ? 1 + number(2) : 0
        switch number(100) {
        case 0..<18: return ingest(into: collection)
        case 18..<24:
            return .ingestMany(
                id: number(4) * 40, count: 1 + number(80), text: number(1000), into: collection,
                chunk: isTrue(oneIn: 3) ? 1 + number(2) : 0)
        case 24..<31:
            return .delete((0...number(12)).map { _ in number(160) }, from: collection)
        case 31..<33: return .deleteWhere(number(filters), from: collection)
        case 33..<35: return .indexField(number(ScriptDocument.fields.count), of: collection)
        case 35: return .dropField(number(ScriptDocument.fields.count), of: collection)
        case 36..<70: return query(of: collection)
        case 70..<76: return .count(number(filters), in: collection)
        case 76..<79: return .compareAll
        case 79..<81: return .check
        case 81..<84: return .reopen
        case 84: return .crash
        case 85..<87: return .compact
        case 87..<89: return .reencode(collection, seed: number(4))
        case 89..<91: return .reindex(collection, m: 4 + number(8), int8: isTrue(oneIn: 2))
        case 91..<94: return .backup(number(2))
        case 94..<98: return .restore(number(2), dropsCaches: isTrue(oneIn: 3))
        case 98: return .dropCache(number(16))
        default: return .dropCaches
        }
    }

    private mutating func ingest(into collection: Int) -> Operation {
        let conflict: IngestOptions.Conflict =
            isTrue(oneIn: 8) ? .skip : isTrue(oneIn: 10) ? .error : .replace
        var documents: [ScriptDocument] = []
        for _ in 0...number(10) {
            let id = number(160)
            // Which of the two conflicts with the other depends on what is committed in between.
            if conflict == .error, documents.contains(where: { $0.id == id }) { continue }
            documents.append(
                ScriptDocument(
                    id, text: number(60), metadata: isTrue(oneIn: 4) ? 0 : number(100),
                    hasVector: isTrue(oneIn: 6) && !documents.contains { $0.id == id },
                    isBad: isTrue(oneIn: 60)))
        }
        return .ingest(
            documents, into: collection, conflict: conflict,
            chunk: isTrue(oneIn: 4) ? 1 + number(2) : 0)
    }

    private mutating func query(of collection: Int) -> Operation {
        .query(
            number(500), of: collection, mode: QueryMode.allCases[number(3)],
            limit: isTrue(oneIn: 5) ? 1 + number(200) : 1 + number(12),
            filter: isTrue(oneIn: 3) ? number(filters) : nil, exact: isTrue(oneIn: 3),
            reader: isTrue(oneIn: 3))
    }
}

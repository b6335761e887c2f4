import Evaluation
import Foundation
import RandomNumbers
import TextBytes
import Training

/// Judged queries split into those to train on, those that decide which stage helps, and held-out
/// ones, which nothing is chosen by: what they gain is what the report says.
///
/// Queries of the same text stay on one side, whatever their ids; otherwise the model could be
/// evaluated on a question that it was trained on.
struct QuerySplit: Codable, Equatable {
    /// A held-out query with its relevant documents and their grades.
    struct Question: Codable, Equatable {
        let id: String
        let text: String
        let grades: [Identifier: Int]
    }

    /// Ids, ascending by their bytes.
    let training: [String]
    /// Queries that are not trained on and decide which stages help. Nil in journals of earlier
    /// versions, and if there are too few queries to spare some: the held-out ones then decide.
    let validation: [Question]?
    let heldOut: [Question]
    let counts: TuneReport.Counts

    /// With fewer queries beside the held-out ones, none is spared for validation.
    private static let leastToSpare = 16

    /// - Parameters:
    ///   - existing: returns those of the given documents that the collection has.
    /// - Throws: `TuneError.noJudgedDocument`, `TuneError.tooFewQueries`.
    init(
        queries: [(id: String, text: String)], judgments: Judgments, options: TuneOptions,
        collection: String, existing: ([String]) throws -> Set<Identifier>
    ) throws {
        let texts = Dictionary(queries.map { (Identifier($0.id), $0.text) }) { first, _ in first }
        var counts = TuneReport.Counts()
        counts.judgedQueries = judgments.queries.count
        let judged = Set(judgments.grades.values.flatMap(\.keys)).sorted().map(\.text)
        var there: Set<Identifier> = []
        for start in stride(from: 0, to: judged.count, by: 4096) {
            there.formUnion(try existing(Array(judged[start..<min(judged.count, start + 4096)])))
        }
        var usable: [Question] = []
        for id in judgments.queries {
            let grades = judgments[id]
            counts.judgments += grades.count
            counts.judgmentsOfMissing += grades.keys.count { !there.contains($0) }
            let relevant = grades.filter { $0.value > 0 && there.contains($0.key) }
            guard let text = texts[id], !text.allSatisfy(\.isWhitespace) else {
                counts.queriesWithoutText += 1
                continue
            }
            guard !relevant.isEmpty else {
                counts.queriesWithoutDocument += 1
                continue
            }
            usable.append(
                Question(
                    id: id.text, text: text,
                    grades: relevant))
        }
        counts.missingExample = judged.first { !there.contains(Identifier($0)) }
        if there.isEmpty, let example = counts.missingExample {
            throw TuneError.noJudgedDocument(
                collection: collection, judgments: counts.judgments, example: example)
        }
        let wanted = options.heldOutQueries ?? min(500, max(10, usable.count / 5))
        let needed = options.heldOutQueries.map { min($0, Int.max - 1) + 1 } ?? 20
        let chosen = Self.draw(wanted, of: usable, seed: options.seed)
        guard usable.count >= needed, chosen.count < usable.count else {
            throw TuneError.tooFewQueries(
                usable: usable.count, judged: counts.judgedQueries, needed: needed)
        }
        let rest = usable.filter { !chosen.contains(Identifier($0.id)) }
        heldOut = usable.filter { chosen.contains(Identifier($0.id)) }
        let deciding =
            rest.count < Self.leastToSpare || options.stages.isEmpty
            ? []
            : Self.draw(
                min(200, rest.count / 4), of: rest, seed: options.seed &+ 1)
        if deciding.isEmpty || deciding.count == rest.count {
            validation = nil
            training = rest.map(\.id)
        } else {
            validation = rest.filter { deciding.contains(Identifier($0.id)) }
            training = rest.filter { !deciding.contains(Identifier($0.id)) }.map(\.id)
        }
        counts.trainingQueries = training.count
        counts.validationQueries = validation?.count ?? 0
        counts.heldOutQueries = heldOut.count
        self.counts = counts
    }

    /// Equal for texts that differ in case and white space alone.
    static func key(_ text: String) -> String {
        text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Draws groups of queries with the same text at random until there are enough queries.
    private static func draw(_ count: Int, of usable: [Question], seed: UInt64) -> Set<Identifier> {
        var groups: [[Identifier]] = []
        var places: [String: Int] = [:]
        for question in usable {
            if let place = places[key(question.text)] {
                groups[place].append(Identifier(question.id))
            } else {
                places[key(question.text)] = groups.count
                groups.append([Identifier(question.id)])
            }
        }
        var generator = SeededGenerator(seed: seed, purpose: 8)
        var chosen: Set<Identifier> = []
        for place in generator.permutation(groups.count) where chosen.count < count {
            chosen.formUnion(groups[place])
        }
        return chosen
    }

    static func judgments(of questions: [Question]) -> Judgments {
        var grades: [Identifier: [Identifier: Int]] = [:]
        for question in questions {
            for (document, grade) in question.grades {
                grades[Identifier(question.id), default: [:]][document] = grade
            }
        }
        return Judgments(grades)
    }
}

import Foundation
import Synchronization
import Testing
import VectorDatabase

/// A number that tasks add to.
final class Counter: Sendable {
    private let state = Mutex(0)
    func add(_ count: Int) { state.withLock { $0 += count } }
    var value: Int { state.withLock { $0 } }
}

/// Texts that differ, over a small vocabulary so that they share words.
enum SampleTexts {
    static let words = """
        apple pear quince medlar plum cherry cellar straw frost winter spring orchard ladder basket \
        knife peel core juice press cider barrel yeast sugar jam jar lid shelf cupboard loft mouse \
        wasp bee blossom leaf bark root graft stock scion tie wax prune saw shears twig branch crown
        """.split(separator: " ").map(String.init)

    static func text(_ number: Int, words count: Int = 12) -> String {
        var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 &+ 12345
        var chosen: [String] = []
        for _ in 0..<count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            chosen.append(words[Int(state >> 33) % words.count])
        }
        return chosen.joined(separator: " ")
    }

    static func documents(_ range: Range<Int>) -> [Document] {
        range.map { number in
            Document(
                id: "d\(number)", text: text(number), title: "Note \(number)",
                metadata: ["number": .integer(Int64(number)), "even": .bool(number % 2 == 0)])
        }
    }
}

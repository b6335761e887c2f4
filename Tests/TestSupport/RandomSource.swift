import Foundation
import RandomNumbers

/// The random numbers of tests: the same sequence for the same seed everywhere.
package struct RandomSource: RandomNumberGenerator, Sendable {
    private var generator: SeededGenerator

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// The generator of a test, which prints its seed.
    ///
    /// - Parameters:
    ///   - usual: the seed if `VDB_SEED` gives none in the environment; `nil`: another one in each
    ///     run of the tests.
    ///   - part: tells apart the generators of one test, or its arguments.
    package static func forTest(
        _ usual: UInt64? = nil, part: Int = 0, name: String = #function
    ) -> RandomSource {
        let seed = Self.seed(usual, name: name)
        return RandomSource(seed: seed &+ UInt64(bitPattern: Int64(part)) &* 0x5851_F42D_4C95_7F2D)
    }

    /// The seed of a test that makes its own generators, printed.
    package static func seed(_ usual: UInt64? = nil, name: String = #function) -> UInt64 {
        let seed = given ?? usual ?? drawn
        print("\(name): VDB_SEED=\(seed)")
        return seed
    }

    private static let given = ProcessInfo.processInfo.environment["VDB_SEED"].flatMap {
        UInt64($0)
    }
    private static let drawn = UInt64.random(in: 0..<1_000_000)

    package mutating func next() -> UInt64 { generator.next() }

    package mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    package mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }

    /// About normal with variance one: the sum of four uniform numbers.
    package mutating func normal() -> Float {
        var bits = next()
        var sum: Float = 0
        for _ in 0..<4 {
            sum += Float(bits & 0xffff) / 65536 - 0.5
            bits >>= 16
        }
        return sum * 1.732
    }
}

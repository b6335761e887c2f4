import Foundation

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): random
/// numbers from a seed, the same on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Different `purpose`s of one seed give unrelated numbers.
    package init(seed: UInt64, purpose: UInt64...) {
        state = seed
        for word in purpose { state = next() ^ (word &* 0xD1B5_4A32_D192_ED03) }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A uniform integer in 0 ..< bound.
    package mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A sample of the standard normal distribution (Box and Muller 1958).
    package mutating func normal() -> Double {
        let radius = (-2 * log((Double(next() >> 11) + 0.5) / 0x1p53)).squareRoot()
        return radius * cos(2 * .pi * Double(next() >> 11) / 0x1p53)
    }

    /// 0 ..< count in random order (Fisher and Yates 1938). Not `shuffled`, whose algorithm may
    /// change between Swift versions.
    /// Numbers from -bound to bound, evenly.
    package mutating func uniform(_ count: Int, bound: Float) -> [Float] {
        (0..<count).map { _ in (Float(next() >> 40) * 0x1p-23 - 1) * bound }
    }

    package mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for place in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(place, below(place + 1))
        }
        return order
    }

    /// `count` distinct numbers of 0 ..< total, ascending.
    package mutating func choice(_ count: Int, of total: Int) -> [Int] {
        Array(permutation(total).prefix(count)).sorted()
    }

    /// FNV-1a of a text's bytes, for a `purpose`; Swift's own hashes differ from run to run.
    package static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

import CVectorKernels

/// The instruction sets that the transformer's products are compiled for.
package enum KernelLevel: Int32, Sendable, CaseIterable, Comparable {
    case portable = 0
    case avx2 = 1
    case avx512 = 2
    case avx512BFloat16 = 3

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// The best that this processor has.
    package static let best = KernelLevel(rawValue: transformer_level()) ?? .portable

    /// Those that can run here, worst first.
    package static var available: [KernelLevel] { allCases.filter { $0 <= best } }
}

import CVectorKernels
import Foundation

/// The instruction sets that kernels are compiled for: those of x86-64, each of which includes the
/// ones before it, and ARM's.
package enum KernelLevel: Int32, Sendable, CaseIterable {
    case portable = 0
    case avx2 = 1
    case avx512 = 2
    case avx512BFloat16 = 3
    case neon = 4

    /// The name as in `VDB_KERNELS`.
    package var name: String { kernel_level_name(rawValue).map { String(cString: $0) } ?? "" }

    /// Whether this processor supports the level.
    package var isSupported: Bool { kernel_level_supported(rawValue) }

    /// Whether the level includes int8 dot products (AVX-512 VNNI) on this processor.
    package var hasVNNI: Bool { kernel_level_has_vnni(rawValue) }

    /// Whether the level includes AVX-512.
    package var hasAVX512: Bool { self == .avx512 || self == .avx512BFloat16 }

    /// The level in use: the best that this processor supports, or the one that `VDB_KERNELS`
    /// names.
    package static let active = KernelLevel(rawValue: kernel_level()) ?? .portable

    /// The levels that this processor supports, slowest first.
    package static var available: [KernelLevel] { allCases.filter(\.isSupported) }

    /// The environment variable that forces a level.
    package static let variable = "VDB_KERNELS"

    /// How the variable was interpreted. An invalid name is ignored here; programs should refuse
    /// it.
    package enum Request: Sendable, Equatable {
        case none
        case taken(KernelLevel)
        /// There is no level of this name.
        case unknown(String)
        /// The processor does not support this level.
        case unsupported(String)
    }

    package static var request: Request {
        // Read in vain, the environment costs every start of the program.
        var name: String { ProcessInfo.processInfo.environment[variable] ?? "" }
        return switch kernel_request() {
        case KERNELS_REQUESTED: .taken(active)
        case KERNELS_UNKNOWN: .unknown(name)
        case KERNELS_UNSUPPORTED: .unsupported(name)
        default: .none
        }
    }
}

import CVectorKernels
import Foundation

/// The instruction sets that kernels are compiled for: x86-64's levels, each with those before it, and
/// ARM's own.
package enum KernelLevel: Int32, Sendable, CaseIterable {
    case portable = 0
    case avx2 = 1
    case avx512 = 2
    case avx512BFloat16 = 3
    case neon = 4

    /// As VDB_KERNELS spells it.
    package var name: String { kernel_level_name(rawValue).map { String(cString: $0) } ?? "" }

    /// Whether this processor has what the level needs.
    package var isSupported: Bool { kernel_level_supported(rawValue) }

    /// Whether the level comes with int8 dot products on this processor (AVX-512 VNNI).
    package var hasVNNI: Bool { kernel_level_has_vnni(rawValue) }

    /// What kernels run at: the best that this processor has, or what VDB_KERNELS names.
    package static let active = KernelLevel(rawValue: kernel_level()) ?? .portable

    /// Those that can run here, worst first.
    package static var available: [KernelLevel] { allCases.filter(\.isSupported) }

    /// The environment variable that forces a level.
    package static let variable = "VDB_KERNELS"

    /// How the variable was taken. A name that does not fit is otherwise ignored: programs refuse it.
    package enum Request: Sendable, Equatable {
        case none
        case taken(KernelLevel)
        /// No level has this name.
        case unknown(String)
        /// The processor lacks what it needs.
        case unsupported(String)
    }

    package static var request: Request {
        let name = ProcessInfo.processInfo.environment[variable] ?? ""
        return switch kernel_request() {
        case KERNELS_REQUESTED: .taken(active)
        case KERNELS_UNKNOWN: .unknown(name)
        case KERNELS_UNSUPPORTED: .unsupported(name)
        default: .none
        }
    }
}

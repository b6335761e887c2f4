import COneDNN
import COpenBLAS

/// The library that multiplies float32 matrices in training, and its kernels.
package struct MatrixLibrary: Sendable, Equatable {
    /// How the kernels were chosen.
    package enum Choice: Sendable {
        case library
        /// By vdb, from the processor's features, because the library would have chosen slower
        /// ones.
        case processor
        /// By the environment variable OPENBLAS_CORETYPE.
        case environment
    }

    /// The processor that the kernels are written for, by OpenBLAS's name.
    package let core: String
    package let choice: Choice
    /// Whether the processor has vector instructions that the kernels do not use.
    package let isSlow: Bool

    /// OpenBLAS, which this loads; nil if it is not installed, and plain loops are used instead.
    package static var openBLAS: MatrixLibrary? {
        guard openblas_available() else { return nil }
        let choice: Choice =
            switch openblas_kernel_choice() {
            case OPENBLAS_CHOSEN: .processor
            case OPENBLAS_FORCED: .environment
            default: .library
            }
        return MatrixLibrary(
            core: openblas_core().map { String(cString: $0) } ?? "unknown", choice: choice,
            isSlow: openblas_is_slow())
    }

    /// Whether oneDNN, which this loads, multiplies bfloat16 matrices on this processor.
    package static var hasOneDNN: Bool { onednn_available() }
}

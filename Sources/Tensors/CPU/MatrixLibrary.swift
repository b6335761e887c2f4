import COneDNN
import COpenBLAS

/// The library that multiplies float32 matrices in training, with the kernels that it runs.
package struct MatrixLibrary: Sendable, Equatable {
    /// Who chose the kernels.
    package enum Choice: Sendable {
        case library
        /// We, by what the processor has, since the library would have taken slower ones.
        case processor
        /// The environment variable OPENBLAS_CORETYPE.
        case environment
    }

    /// The processor that the kernels are written for, as OpenBLAS names it.
    package let core: String
    package let choice: Choice
    /// Whether the processor has vector instructions that the kernels leave unused.
    package let isSlow: Bool

    /// OpenBLAS, which this opens; nil: it is not installed, and plain loops take its place.
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

    /// Whether oneDNN, which this opens, multiplies bfloat16 matrices here.
    package static var hasOneDNN: Bool { onednn_available() }
}

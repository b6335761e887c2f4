import Tensors
import VectorMath

/// Describes the kernels used on this machine.
enum ArithmeticReport {
    /// The lines of `vdb --version --verbose`. Loads the matrix libraries.
    static var lines: [String] {
        let available = KernelLevel.available.map(\.name).joined(separator: ", ")
        var kernels = "kernels: \(KernelLevel.active.name)"
        if KernelLevel.active.hasVNNI { kernels += " with VNNI" }
        if case .taken = KernelLevel.request { kernels += ", forced by \(KernelLevel.variable)" }
        return [
            kernels + " (this processor can run \(available))",
            "OpenBLAS: \(openBLAS)",
            "oneDNN: "
                + (MatrixLibrary.hasOneDNN
                    ? "used for bfloat16"
                    : "not used: it is not installed, or the processor has no bfloat16"),
        ] + warnings
    }

    /// One line for the messages of a training run.
    static var summary: String { "kernels \(KernelLevel.active.name), OpenBLAS \(openBLAS)" }

    /// Reasons why training is slower than it could be on this machine.
    static var warnings: [String] {
        guard let library = MatrixLibrary.openBLAS else {
            return ["warning: OpenBLAS was not found, so training is slow; install libopenblas0"]
        }
        guard library.isSlow else { return [] }
        let reason =
            library.choice == .environment
            ? "OPENBLAS_CORETYPE forces them; unset it to train faster"
            : "another part of this process has already loaded the library"
        return [
            "warning: OpenBLAS uses its \(library.core) kernels, which do not use all vector "
                + "instructions of this processor: \(reason)"
        ]
    }

    private static var openBLAS: String {
        guard let library = MatrixLibrary.openBLAS else { return "not found" }
        return switch library.choice {
        case .library: "\(library.core) kernels"
        case .processor: "\(library.core) kernels, chosen by vdb for this processor"
        case .environment: "\(library.core) kernels (OPENBLAS_CORETYPE is set)"
        }
    }

    /// Throws for a value of VDB_KERNELS that is not available.
    static func check() throws(CommandFailure) {
        let variable = KernelLevel.variable
        var available: String { KernelLevel.available.map(\.name).joined(separator: ", ") }
        switch KernelLevel.request {
        case .none, .taken: return
        case .unknown(let name):
            throw CommandFailure(
                .usage, "\(variable)=\(name): unknown; on this machine it may be \(available)")
        case .unsupported(let name):
            throw CommandFailure(
                .usage,
                "\(variable)=\(name): this processor lacks the instructions; it can run "
                    + available)
        }
    }
}

import CVectorKernels
import Foundation

/// The nonlinearity of an encoder's feed-forward layer.
package enum Activation: String, Sendable, CaseIterable {
    /// x Phi(x), Phi the normal distribution (Hendrycks and Gimpel 2016).
    case gelu
    /// Its approximation 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), of the same authors.
    case geluByTanh
    /// max(x, 0)
    case relu

    var kernel: Int32 {
        switch self {
        case .gelu: Int32(TRANSFORMER_GELU)
        case .geluByTanh: Int32(TRANSFORMER_GELU_TANH)
        case .relu: Int32(TRANSFORMER_RELU)
        }
    }

    /// In double precision, to test the kernels against.
    package func reference(_ x: Double) -> Double {
        switch self {
        case .gelu: x * 0.5 * erfc(-x / 2.0.squareRoot())
        case .geluByTanh:
            0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .relu: max(0, x)
        }
    }
}

import Foundation

/// AdamW (Loshchilov & Hutter 2019) with PyTorch's arithmetic:
///
///     p <- p (1 - lr decay);  m <- m + (1 - b1)(g - m);  v <- b2 v + (1 - b2) g^2
///     p <- p - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
package struct AdamW: Sendable, Equatable {
    package var beta1 = 0.9
    package var beta2 = 0.999
    package var epsilon = 1e-8
    package var weightDecay = 0.0

    package init(weightDecay: Double = 0) { self.weightDecay = weightDecay }

    /// The coefficients of step `number` (from 1). `gradientFactor` multiplies the gradients first.
    package func step(_ number: Int, learningRate: Double, gradientFactor: Double) -> AdamWStep {
        AdamWStep(
            decay: Float(1 - learningRate * weightDecay), beta1: beta1, beta2: beta2,
            inverseRoot: Float(1 / (1 - pow(beta2, Double(number))).squareRoot()),
            size: Float(learningRate / (1 - pow(beta1, Double(number)))), epsilon: Float(epsilon),
            gradientFactor: Float(gradientFactor))
    }
}

/// The coefficients of one step of AdamW.
package struct AdamWStep: Sendable {
    package let decay: Float
    package let beta1: Double
    package let beta2: Double
    /// 1 / sqrt(1 - beta2^t)
    package let inverseRoot: Float
    /// learning rate / (1 - beta1^t)
    package let size: Float
    package let epsilon: Float
    package let gradientFactor: Float
}

/// The factor that scales gradients of global norm `norm` down to `limit`, or 1 if the norm is
/// below it, as in `torch.nn.utils.clip_grad_norm_`.
package func clippingFactor(norm: Double, limit: Double) -> Double {
    min(1, limit / (norm + 1e-6))
}

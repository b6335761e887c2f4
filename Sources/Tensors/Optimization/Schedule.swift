import Foundation

/// The course of the learning rate after the warm-up, as transformers' schedules of these names.
public enum LearningRateSchedule: String, Sendable, CaseIterable, Codable {
    /// (1 + cos(π progress)) / 2.
    case cosine
    /// 1 - progress.
    case linear
    /// 1.
    case constant
}

/// The learning rate over a run, as in transformers' schedules: a linear rise over the warm-up,
/// then
///
///     cosine    (1 + cos(pi * progress)) / 2
///     linear    1 - progress
///     constant  1
///
/// progress from 0 to 1 over the steps after the warm-up, or up to another step than the run's last.
package struct Schedule: Sendable, Equatable {
    package let shape: LearningRateSchedule
    package let warmupSteps: Int
    package let totalSteps: Int
    /// The step at which progress is 1.
    package let endStep: Int

    /// - Parameter endStep: nil means the run's last.
    package init(
        shape: LearningRateSchedule, warmupSteps: Int, totalSteps: Int, endStep: Int? = nil
    ) {
        self.shape = shape
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        self.endStep = endStep ?? totalSteps
    }

    /// Warm-up steps = ceil(ratio * steps).
    package init(
        shape: LearningRateSchedule, warmupRatio: Double, totalSteps: Int, endStep: Int? = nil
    ) {
        self.init(
            shape: shape, warmupSteps: Int((warmupRatio * Double(totalSteps)).rounded(.up)),
            totalSteps: totalSteps, endStep: endStep)
    }

    /// The factor on the base rate at `step`, counted from 0.
    package func factor(_ step: Int) -> Double {
        if step < warmupSteps { return Double(step) / Double(max(1, warmupSteps)) }
        let progress = min(1, Double(step - warmupSteps) / Double(max(1, endStep - warmupSteps)))
        switch shape {
        case .cosine: return max(0, 0.5 * (1 + cos(.pi * progress)))
        case .linear: return max(0, 1 - progress)
        case .constant: return 1
        }
    }
}

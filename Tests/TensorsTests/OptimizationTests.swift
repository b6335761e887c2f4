import Foundation
import Tensors
import Testing

/// Against PyTorch and transformers (Fixtures/make_optimizer.py).
struct OptimizationTests {
    private struct Expected: Decodable {
        struct Step: Decodable {
            let gradient: [Float]
            let norm: Double
            let parameter: [Float]
        }
        let start: [Float]
        let steps: [Step]
        let schedules: [String: [Double]]
    }

    private func expected() throws -> Expected {
        let url = try #require(
            Bundle.module.url(
                forResource: "optimizer", withExtension: "json", subdirectory: "Fixtures"))
        return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    }

    @Test func adamWAndClippingEqualPyTorchs() throws {
        let expected = try expected()
        let backend = CPUBackend(threads: 2)
        let parameter = backend.buffer(expected.start)
        let (first, second) = (backend.zeros(count: 6), backend.zeros(count: 6))
        let optimizer = AdamW(weightDecay: 0.1)
        for (number, step) in expected.steps.enumerated() {
            let gradient = backend.buffer(step.gradient)
            let norm = backend.sumOfSquares(gradient).squareRoot()
            #expect(abs(norm - step.norm) < 1e-5 * step.norm)
            backend.adamW(
                parameter, gradient: gradient, first: first, second: second,
                optimizer.step(
                    number + 1, learningRate: 0.05,
                    gradientFactor: clippingFactor(norm: norm, limit: 1)))
            for (got, want) in zip(parameter.array, step.parameter) {
                #expect(abs(got - want) < 1e-6)
            }
        }
    }

    @Test(arguments: LearningRateSchedule.allCases)
    func schedulesEqualTransformers(shape: LearningRateSchedule) throws {
        let factors = try #require(try expected().schedules[shape.rawValue])
        let schedule = Schedule(shape: shape, warmupSteps: 3, totalSteps: 11)
        for (step, want) in factors.enumerated() {
            #expect(abs(schedule.factor(step) - want) < 1e-12, "step \(step)")
        }
    }

    @Test func warmUpStepsAreRoundedUp() {
        #expect(Schedule(shape: .cosine, warmupRatio: 0.05, totalSteps: 21).warmupSteps == 2)
        #expect(Schedule(shape: .cosine, warmupRatio: 0, totalSteps: 21).warmupSteps == 0)
    }

    /// A run may stop before the schedule ends, or go on after it.
    @Test func aScheduleMayEndElsewhere() {
        let long = Schedule(shape: .linear, warmupRatio: 0.25, totalSteps: 8, endStep: 80)
        #expect(long.warmupSteps == 2)
        #expect(abs(long.factor(7) - (1 - 5.0 / 78)) < 1e-12)
        for shape in [LearningRateSchedule.linear, .cosine] {
            let short = Schedule(shape: shape, warmupRatio: 0, totalSteps: 8, endStep: 4)
            #expect(short.factor(4) < 1e-12 && short.factor(7) < 1e-12)
        }
    }
}

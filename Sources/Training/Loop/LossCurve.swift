import Foundation
import JSON

/// A stage's losses, as its log has them.
public struct LossCurve: Sendable, Equatable {
    public struct Point: Sendable, Equatable {
        public let step: Int
        public let loss: Double

        public init(step: Int, loss: Double) {
            self.step = step
            self.loss = loss
        }
    }

    public let stage: TrainingStage
    public let points: [Point]
    public let tokens: Int
    public let seconds: Double

    public init(stage: TrainingStage, points: [Point]) {
        self.stage = stage
        self.points = points
        (tokens, seconds) = (0, 0)
    }

    /// Reads the log of a run.
    ///
    /// - Throws: `TrainingError.cannotRead`
    public init(stage: TrainingStage, log: String) throws(TrainingError) {
        guard let data = FileManager.default.contents(atPath: log) else {
            throw TrainingError.cannotRead(path: log, reason: "it is not there")
        }
        var points: [Point] = []
        var tokens = 0
        var seconds = 0.0
        for line in data.split(separator: UInt8(ascii: "\n")) {
            // The last line of a run that was killed may be cut short.
            guard let step = try? JSONValue(parsing: line).decoded(as: Line.self) else {
                continue
            }
            points.append(Point(step: step.step, loss: step.loss))
            tokens += step.tokens
            if step.tokens_per_second > 0 {
                seconds += Double(step.tokens) / step.tokens_per_second
            }
        }
        self.stage = stage
        self.points = points
        self.tokens = tokens
        self.seconds = seconds
    }

    private struct Line: Decodable {
        let step: Int
        let loss: Double
        let tokens: Int
        let tokens_per_second: Double
    }
}

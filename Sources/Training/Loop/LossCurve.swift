import Foundation
import JSON

/// The losses of a stage, as its log records them.
public struct LossCurve: Sendable, Equatable {
    /// The loss at one step.
    public struct Point: Sendable, Equatable {
        /// The step's number, from 1.
        public let step: Int
        /// The loss of the step's batch, before its update.
        public let loss: Double

        /// A point of a curve that is not read from a log.
        public init(step: Int, loss: Double) {
            self.step = step
            self.loss = loss
        }
    }

    /// The stage that was trained.
    public let stage: TrainingStage
    /// One point a step, in the log's order.
    public let points: [Point]
    /// Tokens of all steps together; 0 if the curve was not read from a log.
    public let tokens: Int
    /// Time of all steps together, in seconds, from their tokens per second; 0 if the curve was not
    /// read from a log.
    public let seconds: Double

    /// A curve of given points.
    public init(stage: TrainingStage, points: [Point]) {
        self.stage = stage
        self.points = points
        (tokens, seconds) = (0, 0)
    }

    /// Reads the log of a run. Lines that are not a step are skipped: the last line of a killed run
    /// may be incomplete.
    ///
    /// - Throws: `TrainingError.cannotRead`
    public init(stage: TrainingStage, log: String) throws(TrainingError) {
        guard let data = FileManager.default.contents(atPath: log) else {
            throw .cannotRead(path: log, .missing)
        }
        var points: [Point] = []
        var tokens = 0
        var seconds = 0.0
        for line in data.split(separator: UInt8(ascii: "\n")) {
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

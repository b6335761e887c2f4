import Foundation
import Synchronization

/// A run of the program under test that is killed at a moment of the driver's choice.
struct ChildProcess {
    /// When SIGKILL comes, if the process has not ended before.
    enum Moment: Sendable, CustomStringConvertible {
        case after(seconds: Double)
        /// As soon as so many documents have been acknowledged.
        case acknowledged(Int)
        case never

        var description: String {
            switch self {
            case .after(let seconds): "killed after \(String(format: "%.4f", seconds)) s"
            case .acknowledged(let count): "killed once \(count) are acknowledged"
            case .never: "not killed"
            }
        }
    }

    struct Outcome: Sendable {
        /// The greatest number of documents that the process said were safe.
        var acknowledged: Int
        /// The exit status; nil where the process was killed.
        var status: Int32?
        /// What it printed, both ways.
        var text: String
        var seconds: Double
    }

    let program: String

    /// Runs the program, reads its acknowledgements, and kills it.
    func run(_ arguments: [String], kill moment: Moment) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        let began = ContinuousClock.now
        try process.run()
        let identifier = process.processIdentifier
        if case .after(let seconds) = moment {
            let timer = DispatchSource.makeTimerSource()
            timer.schedule(deadline: .now() + seconds)
            timer.setEventHandler { if process.isRunning { kill(identifier, SIGKILL) } }
            timer.resume()
            defer { timer.cancel() }
            return finish(process, output, errors, moment, began)
        }
        return finish(process, output, errors, moment, began)
    }

    private func finish(
        _ process: Process, _ output: Pipe, _ errors: Pipe, _ moment: Moment,
        _ began: ContinuousClock.Instant
    ) -> Outcome {
        let identifier = process.processIdentifier
        let text = Mutex(Data())
        let reader = Thread {
            let data = errors.fileHandleForReading.readDataToEndOfFile()
            text.withLock { $0 = data }
        }
        reader.start()
        var acknowledged = 0
        var pending = Data()
        var printed = Data()
        while true {
            let chunk = output.fileHandleForReading.availableData
            if chunk.isEmpty { break }
            pending += chunk
            if printed.count < 10_000 { printed += chunk }
            // A line without its end was cut by the kill: the program had not finished saying it.
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = pending[pending.startIndex..<end]
                pending = pending[(end + 1)...]
                guard
                    let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
                    let count = object["acknowledged"] as? Int
                else { continue }
                acknowledged = max(acknowledged, count)
            }
            if case .acknowledged(let count) = moment, acknowledged >= count {
                if process.isRunning { kill(identifier, SIGKILL) }
            }
        }
        process.waitUntilExit()
        while !reader.isFinished { usleep(200) }
        return Outcome(
            acknowledged: acknowledged,
            status: process.terminationReason == .exit ? process.terminationStatus : nil,
            text: text.withLock { String(decoding: printed + $0, as: UTF8.self) },
            seconds: (ContinuousClock.now - began) / .seconds(1))
    }
}

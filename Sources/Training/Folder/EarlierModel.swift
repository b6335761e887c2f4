import FileFormat
import Foundation
import TextBytes

/// A finished model that was moved out of a new run's output folder, so that the new run overwrites
/// nothing and the two models can be compared.
public struct EarlierModel: Sendable {
    /// The folder that the model was in, which the new run writes to.
    public let folder: String
    /// The folder that the model is in now: `folder` with the first free number appended, such as
    /// `out.1`.
    public let path: String

    /// Moves the finished model of an earlier training run aside.
    ///
    /// Only a folder that holds a training run's record is moved. Any other model, and one that the
    /// new run reads, stays in place; ``Trainer/checkOutput(_:overwriting:resuming:)`` rejects it.
    ///
    /// - Parameters:
    ///   - folder: the new run's output.
    ///   - inputs: files and folders that the new run reads.
    /// - Returns: nil if nothing was moved.
    /// - Throws: `TrainingError.cannotWrite` if the folder cannot be renamed.
    public static func setAside(
        in folder: String, readBy inputs: [String]
    ) throws(TrainingError) -> EarlierModel? {
        let output = resolved(folder)
        guard TrainingRecord.exists(output), !TrainingState.exists(output) else { return nil }
        for input in inputs.map(resolved)
        where input.hasSameBytes(as: output) || input.startsWithBytes(of: output + "/") {
            return nil
        }
        var number = 1
        while FileManager.default.fileExists(atPath: "\(output).\(number)") { number += 1 }
        guard rename(output, "\(output).\(number)") == 0 else {
            throw .cannotWrite(
                path: folder, FileError.system(operation: "rename", path: folder, code: errno))
        }
        return EarlierModel(folder: output, path: "\(output).\(number)")
    }

    /// Moves the model back if the new run ended before writing anything.
    public func restoreIfNothingWasWritten() {
        // Fails on purpose if the folder is not empty.
        _ = rmdir(folder)
        if !FileManager.default.fileExists(atPath: folder) { _ = rename(path, folder) }
    }

    private static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
}

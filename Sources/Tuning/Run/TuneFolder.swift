import FileFormat
import Foundation
import Training

/// The files of a tuning run.
///
///     OUT/                            the best stage's model, a Hugging Face folder
///     OUT/base/                       the built-in model, if the collection used it; a GGUF file's
///                                     weights, removed at the end if an adapter was trained
///     OUT/tune/journal.json           the steps done; replaced after each
///     OUT/tune/report.json            the final figures
///     OUT/tune/compress.jsonl, triples.jsonl      training data
///     OUT/tune/answers.jsonl          respond's
///     OUT/tune/STAGE.log.jsonl        losses
///     OUT/tune/STAGE/                 the model after a stage; removed at the end
///     OUT/tune/copy.vdb               a copy of the collection, for evaluation; removed at the end
struct TuneFolder {
    let output: String

    var work: String { output + "/tune" }
    var base: String { output + "/base" }
    var journal: String { work + "/journal.json" }
    var report: String { work + "/report.json" }
    var copy: String { work + "/copy.vdb" }

    /// The training data of a stage; align and contrast share the triples.
    func data(_ stage: TrainingStage) -> String {
        switch stage {
        case .compress: work + "/compress.jsonl"
        case .respond: work + "/answers.jsonl"
        default: work + "/triples.jsonl"
        }
    }

    func log(_ stage: TrainingStage) -> String { work + "/\(stage.rawValue).log.jsonl" }

    /// The folder that a stage writes its model to.
    func model(_ stage: TrainingStage) -> String { work + "/" + stage.rawValue }

    /// Creates the folder, or opens the run in it, and locks it against other processes.
    func open(resuming: Bool) throws -> FileLock {
        let files = FileManager.default
        let hasRun = files.fileExists(atPath: journal)
        let names = (try? files.contentsOfDirectory(atPath: output)) ?? []
        if resuming, !hasRun { throw TuneError.nothingToResume(path: output) }
        // A run killed before its journal was written leaves only its work folder.
        if !resuming, hasRun || names.contains(where: { $0 != "tune" && $0 != "base" }) {
            throw TuneError.outputExists(path: output)
        }
        do { try files.createDirectory(atPath: work, withIntermediateDirectories: true) } catch {
            throw TrainingError.cannotWrite(path: output, error)
        }
        let path = work + "/lock"
        do throws(FileError) {
            if let lock = try FileLock(path: path, holder: "process \(getpid())") { return lock }
        } catch {
            throw TrainingError.cannotWrite(path: path, error)
        }
        throw TuneError.busy(path: output, holder: FileLock.holder(of: path))
    }

    func removeCopy() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: work)) ?? []
        for name in names where name.hasPrefix("copy.vdb") {
            try? FileManager.default.removeItem(atPath: work + "/" + name)
        }
    }

    /// Removes a run that failed to start, and the folder if it is then empty.
    func remove() {
        for path in [work, base] { try? FileManager.default.removeItem(atPath: path) }
        let names = try? FileManager.default.contentsOfDirectory(atPath: output)
        if names?.isEmpty == true { try? FileManager.default.removeItem(atPath: output) }
    }

    /// Removes files that only an unfinished run needs.
    func removeIntermediates(_ stages: [TrainingStage], base isIntermediate: Bool) {
        removeCopy()
        if isIntermediate { try? FileManager.default.removeItem(atPath: base) }
        for stage in stages { try? FileManager.default.removeItem(atPath: model(stage)) }
    }

    static func write(_ text: String, to path: String) throws(TrainingError) {
        do throws(FileError) {
            let file = try AtomicFile(path: path)
            try file.write(Array(text.utf8))
            try file.commit()
        } catch {
            throw .cannotWrite(path: path, error)
        }
    }
}

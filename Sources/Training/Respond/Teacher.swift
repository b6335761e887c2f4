import AutoRegEmbed
import FileFormat
import Foundation

/// What a respond run aligns its vectors with: a model that reads the answers, or vectors that somebody
/// else's has made of them.
enum Teacher {
    case model(any ModelEmbedder, path: String)
    case vectors(NpyFile)

    /// Nil if the run needs none.
    ///
    /// - Parameter open: opens the folder or file of a model.
    init?(_ options: TrainingOptions, open: Trainer.ModelOpener) throws {
        guard options.aligns else { return nil }
        if let path = options.teacherVectors {
            do { self = .vectors(try NpyFile(path: path)) } catch let error as NpyError {
                throw TrainingError.badTeacher(path: path, .unusable(error))
            } catch let error as FileError {
                throw TrainingError.cannotRead(path: path, .failed(error))
            }
        } else {
            let path = options.teacher ?? ""
            do { self = .model(try open(path), path: path) } catch let error as AutoRegEmbedError {
                throw TrainingError.embedder(error)
            }
        }
    }

    /// The path of the model or of the vectors.
    var path: String {
        switch self {
        case .model(_, let path): path
        case .vectors(let file): file.path
        }
    }

    /// The number of elements in a vector.
    var width: Int {
        switch self {
        case .model(let embedder, _): embedder.dimensions
        case .vectors(let file): file.columns
        }
    }

    /// By what a resumed run recognizes its teacher.
    func fingerprint() -> String {
        switch self {
        case .model(let embedder, _): embedder.modelFingerprint
        case .vectors(let file): ContentHash(of: file.bytes).hexadecimal
        }
    }
}

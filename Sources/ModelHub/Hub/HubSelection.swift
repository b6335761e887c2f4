import TextBytes

/// Which of a repository's files make up a model that is read here.
///
/// Only kinds that are data are taken: safetensors, GGUF, JSON, `tokenizer.model` and text. Pickles
/// (`.bin`, `.pt`, `.ckpt`) and Python files are programs, and never are.
enum HubSelection {
    private static let weights = [".safetensors", ".gguf"]
    private static let others = [".json", ".model", ".txt"]

    /// Folders with copies of the same model for other programs.
    private static let foreignFolders = [
        "onnx", "openvino", "original", "coreml", "flax", "tf", "runs",
    ]

    static let maximumFiles = 2000

    /// - Parameter named: the one file that was asked for; a part of a split model stands for all.
    static func files(
        of listing: HubListing, repository: String, named: String?
    ) throws(HubError) -> [HubFile] {
        let selected =
            if let named { try parts(of: named, listing, repository) } else {
                try model(listing, repository)
            }
        guard selected.count <= maximumFiles else {
            throw .tooManyFiles(
                repository: repository, count: selected.count, limit: maximumFiles)
        }
        return selected
    }

    private static func parts(
        of named: String, _ listing: HubListing, _ repository: String
    ) throws(HubError) -> [HubFile] {
        guard let file = listing.files.first(where: { $0.path.hasSameBytes(as: named) }) else {
            throw .noSuchFile(repository: repository, file: named)
        }
        guard hasEnding(named, weights) else {
            throw .refusedFile(repository: repository, file: named)
        }
        guard let model = SplitName(named) else { return [file] }
        return listing.files.filter { SplitName($0.path)?.isPart(of: model) == true }
    }

    private static func model(
        _ listing: HubListing, _ repository: String
    ) throws(HubError) -> [HubFile] {
        let usable = listing.files.filter { isUsable($0.path) }
        let tensors = usable.filter { hasEnding($0.path, [".safetensors"]) }
        if !tensors.isEmpty {
            // Mistral's repositories hold the same weights once more under this name.
            let isDouble = { (path: String) in path.hasPrefix("consolidated") }
            let hasOthers = tensors.contains { !isDouble($0.path) }
            return usable.filter {
                !hasEnding($0.path, [".gguf"])
                    && !(hasOthers && isDouble($0.path) && hasEnding($0.path, [".safetensors"]))
            }
        }
        let models = usable.filter { hasEnding($0.path, [".gguf"]) }
        guard let first = models.first else {
            let found = listing.files.map(\.path).filter(isWeightsOfAnotherKind)
            throw .nothingToLoad(repository: repository, found: found)
        }
        let isOne = SplitName(first.path).map { name in
            models.allSatisfy { SplitName($0.path)?.isPart(of: name) == true }
        }
        guard models.count == 1 || isOne == true else {
            throw .severalModels(
                repository: repository,
                files: models.map(\.path).filter { (SplitName($0)?.number ?? 1) == 1 })
        }
        return models
    }

    private static func isUsable(_ path: String) -> Bool {
        let folders = path.split(separator: "/").dropLast()
        return hasEnding(path, weights + others) && !path.hasPrefix(".")
            && !folders.contains { folder in
                foreignFolders.contains { folder == $0 } || folder.hasPrefix(".")
                    || folder.hasPrefix("checkpoint-")
            }
    }

    private static func isWeightsOfAnotherKind(_ path: String) -> Bool {
        hasEnding(
            path,
            [
                ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack", ".onnx",
                ".npz", ".tflite", ".mlmodel", ".ot",
            ])
    }

    private static func hasEnding(_ path: String, _ endings: [String]) -> Bool {
        endings.contains { path.utf8.count > $0.utf8.count && path.hasByteSuffix($0) }
    }
}

/// `NAME-00002-of-00003.gguf`, a part of a model in several files.
struct SplitName {
    /// All before the number.
    let stem: String
    let number: Int
    let count: Int

    init?(_ path: String) {
        guard path.hasByteSuffix(".gguf") else { return nil }
        let parts = path.dropLast(5).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[parts.count - 2] == "of",
            let number = Int(parts[parts.count - 3]), let count = Int(parts[parts.count - 1]),
            1...count ~= number
        else { return nil }
        stem = parts.dropLast(3).joined(separator: "-")
        (self.number, self.count) = (number, count)
    }

    func isPart(of other: SplitName) -> Bool {
        stem.hasSameBytes(as: other.stem) && count == other.count
    }
}

extension String {
    fileprivate func hasByteSuffix(_ suffix: String) -> Bool {
        utf8.count >= suffix.utf8.count && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }
}

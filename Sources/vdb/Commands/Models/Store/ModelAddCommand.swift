import ArgumentParser
import AutoRegEmbed
import Foundation
import ModelHub

/// `vdb model add`: downloads a model, or gives one that is on the disk a name.
struct ModelAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Download a model, or give one on this machine a name.",
        discussion: """
            Examples:
              vdb model add smollm2-135m
              vdb model add hf:Qwen/Qwen3-Embedding-0.6B --name qwen
              vdb model add hf:owner/repo@v1.0:model-Q8_0.gguf
              vdb model add ~/models/small.gguf --name small

            hf: is downloaded from Hugging Face into the store, unless it is in the cache of Hugging \
            Face's own programs. A download that was stopped continues where it was; every file is \
            checked by size and hash. Only safetensors, GGUF, JSON, tokenizer.model and text files are \
            taken. HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and https_proxy are honored.

            Models that are on this machine are opened first and stay where they are; --copy copies \
            them into the store.

            Short names:
            \(KnownModel.all.map { "  \($0.name)  hf:\($0.repository), \($0.license). \($0.purpose)" }
                .joined(separator: "\n"))
            """)

    @Argument(
        help: """
            hf:OWNER/REPO[@REVISION][:FILE.gguf], a short name, a folder, a .gguf file or ollama:NAME.
            """, completion: .file())
    var source: String

    @Option(help: "The name (default: the repository's, file's or folder's).") var name: String?

    @Flag(help: "Copy the model into the store.") var copy = false

    @Flag(name: .shortAndLong, help: "Do not show progress.") var quiet = false

    func run() throws {
        guard let store = ModelStore() else { throw ModelLocationError.noStore("vdb") }
        guard let reference = remote() else {
            return try addLocal(ModelFinder.locate(source), store)
        }
        if known?.name == CarriedAdapter.model { try store.checkFree(name ?? CarriedAdapter.model) }
        if let location = cached(reference) {
            try addLocal(location, store, reference)
        } else {
            try download(reference, store)
        }
        try addAdapter(store)
    }

    /// If the program carries an adapter for the model, adds it under the model's name, or if it does
    /// not fit what the hub has now, the model itself.
    private func addAdapter(_ store: ModelStore) throws {
        guard known?.name == CarriedAdapter.model, name == nil,
            let entry = store.entry(CarriedAdapter.baseName)
        else { return }
        do {
            try CarriedAdapter.add(to: store, base: ModelLocator().locate(entry.path).url)
            Messages.line(
                "\(CarriedAdapter.model) is \(CarriedAdapter.baseName) with vdb's adapter")
        } catch let error as ModelStoreError {
            throw error
        } catch {
            let reason = CommandFailure.message(of: error)
            Messages.line(
                "vdb's adapter does not fit this model, which is added without it: \(reason)")
            try store.add(entry, as: CarriedAdapter.model, copying: false)
        }
    }

    /// The short name, if the source is one and nothing on this machine has that name.
    private var known: KnownModel? {
        guard !FileManager.default.fileExists(atPath: source) else { return nil }
        return KnownModel.named(source)
    }

    private func remote() -> HuggingFaceReference? {
        HuggingFaceReference(known?.source ?? source, prefix: "hf:")
    }

    /// The model in Hugging Face's cache, if it is there whole.
    private func cached(_ reference: HuggingFaceReference) -> URL? {
        guard let location = try? ModelLocator().locate("hf:\(reference)").url,
            (try? ModelFinder.open(location)) != nil
        else { return nil }
        return location
    }

    private func entryName(_ fallback: String) -> String {
        if let name { return name }
        if let known {
            return known.name == CarriedAdapter.model ? CarriedAdapter.baseName : known.name
        }
        return fallback.hasSuffix(".gguf") ? String(fallback.dropLast(5)) : fallback
    }

    private func addLocal(
        _ location: URL, _ store: ModelStore, _ reference: HuggingFaceReference? = nil
    ) throws {
        _ = try ModelFinder.open(location)
        let name = entryName(reference?.defaultName ?? location.lastPathComponent)
        do { try store.add(location, as: name, copying: copy) } catch let error as ModelStoreError {
            throw error
        } catch {
            throw CommandFailure(
                .cannotCreate, "\(store.folder.path): cannot be written: \(error)")
        }
        Messages.line("\(name) is \(location.path)")
    }

    private func download(_ reference: HuggingFaceReference, _ store: ModelStore) throws {
        let name = entryName(reference.defaultName)
        var settings = try HubSettings(environment: ProcessInfo.processInfo.environment)
        settings.userAgent = "vdb/\(VDB.version)"
        var download = ModelDownload(settings: settings, store: store)
        // In kilobytes, so that a slow line's rate is not 0.
        let bar = ProgressLine(unit: "kB", isQuiet: quiet)
        download.progress = { progress in
            bar.update(
                done: progress.done / 1000, total: progress.total.map { $0 / 1000 },
                before: progress.before / 1000, note: progress.note)
        }
        let folder: URL
        do {
            defer { bar.clear() }
            folder = try download.run(reference, as: name)
        } catch let error as CocoaError {
            throw CommandFailure(
                .cannotCreate, "\(store.folder.path): cannot be written: \(error)")
        }
        Messages.line(
            "\(name) is \(ModelOrigin(folder: folder)?.source ?? source) in \(folder.path)")
        do {
            _ = try ModelFinder.open(ModelLocator().locate(folder.path).url)
        } catch {
            let reason = CommandFailure.message(of: error)
            Messages.line("it was downloaded whole, but vdb cannot use it: \(reason)")
        }
    }
}

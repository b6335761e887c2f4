import FileFormat
import TextBytes

/// Reads a mailbox (RFC 4155): messages, each after a line that begins with `From `. A document is a
/// message, with an id from its Message-ID, so that new messages do not change those of old ones.
final class MailboxReader: RecordReader {
    private let lines: LineReader
    private let file: InputFile
    private let options: SourceOptions
    private var message: [UInt8] = []
    private var firstLine = 0
    private var isTooLong = false
    private var isAtEnd = false
    private var followsBlank = true
    private var count = 0
    private var ids: Set<Identifier> = []

    init(_ lines: LineReader, file: InputFile, options: SourceOptions) {
        self.lines = lines
        self.file = file
        self.options = options
    }

    var position: Int { lines.position }

    func next() throws -> Document? {
        while !isAtEnd {
            guard let bytes = try nextMessage() else { continue }
            let found = try MailMessage(
                bytes[...], path: file.path, limit: options.recordLimit)
            count += 1
            if found.text.isEmpty, found.subject.isEmpty { continue }
            return document(found)
        }
        return nil
    }

    private func document(_ found: MailMessage) -> Document {
        var id = ""
        if case .string(let message)? = found.metadata["message_id"],
            ids.insert(Identifier(message)).inserted
        {
            id = "\(file.name)#\(message)"
        }
        var metadata = found.metadata
        if file.path != "-" { metadata["file"] = .object(file.metadata) }
        let derived = file.name.isEmpty ? "" : "\(file.name)#\(count)"
        return Document(
            id: id.isEmpty || file.name.isEmpty ? derived : id,
            text: found.text.isEmpty ? found.subject : found.text, title: found.subject,
            metadata: metadata, source: file.place(count), layout: .plain)
    }

    /// The bytes of the next message; `nil` if there was nothing before the first.
    private func nextMessage() throws -> [UInt8]? {
        while true {
            let kind = try file.translating { try lines.next(keepsEnd: true) { take($0) } }
            switch kind {
            case .begins?, nil:
                isAtEnd = kind == nil
                let (bytes, start) = (message, firstLine)
                message = []
                firstLine = lines.line
                if isTooLong {
                    isTooLong = false
                    throw SourceError.recordTooLong(
                        path: file.path, line: start, limit: options.recordLimit)
                }
                return bytes.isEmpty ? nil : bytes
            case .continues?: break
            }
        }
    }

    private enum Line { case begins, continues }

    private func take(_ line: UnsafeBufferPointer<UInt8>) -> Line {
        if followsBlank, line.starts(with: "From ".utf8) {
            followsBlank = false
            return .begins
        }
        followsBlank = line.allSatisfy { $0 == 10 || $0 == 13 }
        if message.count + line.count > options.recordLimit {
            isTooLong = true
        } else {
            // `>From` in a body stands for `From`.
            let quotes = line.prefix { $0 == UInt8(ascii: ">") }.count
            let isQuoted = quotes > 0 && line.dropFirst(quotes).starts(with: "From ".utf8)
            message += isQuoted ? line.dropFirst(1) : line[...]
        }
        return .continues
    }
}

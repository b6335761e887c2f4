/// A message of mail (`.eml`): titled by its subject.
struct MailExtractor: TextExtractor {
    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let message = try MailMessage(
            content.bytes[...], path: content.file.path, limit: content.options.recordLimit)
        return [
            ExtractedText(
                text: message.text.isEmpty ? message.subject : message.text,
                title: message.subject, layout: .plain, metadata: message.metadata)
        ]
    }
}

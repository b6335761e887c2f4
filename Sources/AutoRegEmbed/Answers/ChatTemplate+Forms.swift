/// The common forms of chat templates.
extension ChatTemplate {
    /// What the template renders for one message of a user and an answer that is asked for, with
    /// thinking off; nil if it is not one of the common forms.
    package var format: ChatFormat? { chatML ?? llama3 ?? mistral ?? gemma }

    /// ChatML, with a system message if the template has one of its own, and Qwen3's empty thoughts.
    private var chatML: ChatFormat? {
        let turns = ["{role}", "user"].map { "<|im_start|>\($0)\n{content}<|im_end|>\n" }
        let opening = "<|im_start|>assistant\n"
        guard !hasOtherInputs, contains(anyOf: turns),
            !unconditional.contains(where: { $0.hasPrefix("<|im_start|>system") }),
            let end = fragments.lastIndex(of: opening)
        else { return nil }
        let noThoughts = "<think>\n\n</think>\n\n"
        let thoughts = fragments[(end + 1)...]
        guard thoughts.isEmpty || thoughts.contains(noThoughts),
            thoughts.allSatisfy({ [noThoughts, "<think>\n"].contains($0) }),
            let system = systemMessage("<|im_start|>system\n", "<|im_end|>\n")
        else { return nil }
        return ChatFormat(
            before: beginning + system + "<|im_start|>user\n",
            after: "<|im_end|>\n" + opening + (thoughts.isEmpty ? "" : noThoughts))
    }

    /// Llama 3; from 3.1 on with the dates that the template itself falls back to.
    private var llama3: ChatFormat? {
        func header(_ role: String) -> String {
            "<|start_header_id|>\(role)<|end_header_id|>\n\n"
        }
        let end = "<|eot_id|>"
        let systems = Set(fragments.filter { $0.hasPrefix("<|start_header_id|>system") })
        guard systems.isSubset(of: [header("system")]),
            fragments.contains(header("{role}") + "{content}" + end),
            fragments.last == header("assistant")
        else { return nil }
        var system = ""
        if !systems.isEmpty {
            let (cutoff, date) = ("Cutting Knowledge Date: December 2023\n", "26 Jul 2024")
            guard fragments.contains(cutoff), fragments.contains("Today Date: {?}\n\n"),
                fragments.contains(date)
            else { return nil }
            system = header("system") + cutoff + "Today Date: \(date)\n\n" + end
        } else if hasOtherInputs {
            return nil
        }
        return ChatFormat(
            before: beginning + system + header("user"), after: end + header("assistant"))
    }

    /// Mistral, whose versions differ in the spaces around the query, and Llama 2.
    private var mistral: ChatFormat? {
        let turns = [
            "[INST] {content} [/INST]", "[INST] {content}[/INST]", "[INST]{content}[/INST]",
        ].filter(fragments.contains)
        guard turns.count == 1, !hasOtherInputs, !beginning.isEmpty else { return nil }
        let parts = ChatFormat.split(turns[0], at: "{content}")
        return ChatFormat(before: beginning + parts[0], after: parts[1])
    }

    /// Gemma's turns.
    private var gemma: ChatFormat? {
        let (open, close) = ("<start_of_turn>", "<end_of_turn>\n")
        let whole = "\(open){role}\n{content}\(close)"
        let inParts = ["\(open){role}\n{?}", "{content}", close]
        guard fragments.contains(whole) || inParts.allSatisfy(fragments.contains),
            fragments.last == "\(open)model\n"
        else { return nil }
        return ChatFormat(before: beginning + open + "user\n", after: close + open + "model\n")
    }

    private func contains(anyOf candidates: [String]) -> Bool {
        candidates.contains(where: fragments.contains)
    }

    /// `{bos}` if the template puts out the token that begins a text.
    private var beginning: String {
        fragments.contains(Self.beginning) ? Self.beginning : ""
    }

    /// The system message that the template has for conversations without one, with its marks; empty
    /// if it has none, nil if it has several.
    private func systemMessage(_ open: String, _ close: String) -> String? {
        let messages = Set(
            fragments.filter {
                $0.hasPrefix(open) && $0.hasSuffix(close) && !$0.contains("{")
                    && $0.count > open.count
            })
        return messages.count > 1 ? nil : messages.first ?? ""
    }
}

/// Shrinks a failing script: removes steps, in runs and one by one, then makes the remaining ones
/// smaller, as long as the script still fails (delta debugging; Zeller and Hildebrandt 2002).
struct ScriptShrinker {
    /// Whether a script fails.
    let fails: ([Operation]) async -> Bool
    /// The most scripts to try.
    var budget = 400

    mutating func shrink(_ script: [Operation]) async -> [Operation] {
        var script = script
        var before = Int.max
        while weight(script) < before, budget > 0 {
            before = weight(script)
            script = await withoutRuns(script)
            script = await withSmallerSteps(script)
        }
        return script
    }

    private func weight(_ script: [Operation]) -> Int { "\(script)".utf8.count }

    private mutating func stillFails(_ script: [Operation]) async -> Bool {
        guard budget > 0 else { return false }
        budget -= 1
        return await fails(script)
    }

    private mutating func withoutRuns(_ script: [Operation]) async -> [Operation] {
        var script = script
        var length = max(1, script.count / 2)
        while true {
            var start = 0
            while start < script.count {
                var shorter = script
                shorter.removeSubrange(start..<min(start + length, script.count))
                if await stillFails(shorter) { script = shorter } else { start += length }
            }
            if length == 1 { return script }
            length /= 2
        }
    }

    private mutating func withSmallerSteps(_ script: [Operation]) async -> [Operation] {
        var script = script
        var index = 0
        while index < script.count {
            var isSmaller = false
            for candidate in script[index].smaller {
                var changed = script
                changed[index] = candidate
                if await stillFails(changed) {
                    script = changed
                    isSmaller = true
                    break
                }
            }
            if !isSmaller { index += 1 }
        }
        return script
    }
}

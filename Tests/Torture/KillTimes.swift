/// How long each kind of command takes and how many file events it causes, from the runs that came to
/// their end.
struct KillTimes {
    private struct Usual {
        var seconds: Double
        var events: Int
    }

    private var usual: [String: Usual] = [:]
    /// What the program takes before it does anything.
    private let start: Double

    init(start: Double) { self.start = start }

    mutating func record(_ kind: String, seconds: Double, events: Int) {
        usual[kind] = Usual(seconds: seconds, events: events)
    }

    /// The moment that a plan means; none where nothing is known of that kind yet.
    func moment(_ planned: KillScript.PlannedMoment, kind: String, documents: Int)
        -> ChildProcess.Moment
    {
        if case .acknowledged(let share) = planned {
            return .acknowledged(max(1, Int(share * Double(documents))))
        }
        guard let usual = usual[kind] else { return .never }
        switch planned {
        case .events(let share) where usual.events > 0:
            return .events(max(1, Int((share * Double(usual.events)).rounded(.up))))
        case .time(let share), .events(let share):
            // The start is the same for all commands and touches nothing: few kills are spent on it.
            let work = max(0.001, usual.seconds - 0.8 * start)
            return .after(seconds: usual.seconds - work + share * work)
        case .acknowledged, .never: return .never
        }
    }
}

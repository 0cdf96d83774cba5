/// Called now and then by the thread that waits for files of a data set, with how many of how many are read, and once more when all
/// are; says whether to stop.
public typealias ReadingWatch = (_ done: Int, _ total: Int) -> Bool

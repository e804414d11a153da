//! The daemon's entry: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    idstore_proxy::cli::run(std::env::args_os())
}

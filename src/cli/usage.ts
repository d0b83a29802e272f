/** What `--help` says, by command. In a clone that is built, `npx scenepass` is the same. */
const usages: Record<string, string> = {
  scenepass: `scenepass [COMMAND]

  start     runs the service, also without a command · 启动服务（不写命令时即为此项）
  migrate   brings the database's schema up to date and ends · 把数据库结构更新到最新，然后退出
  keys      the signing keys of the tokens · 令牌的签名密钥
  clients   the apps that people sign in to (OpenID Connect) · 使用本服务登录的应用（OpenID Connect）
  doctor    checks this set-up and says what to do · 检查当前部署并给出处理办法
  sandbox   the simulated WeChat alone · 单独运行模拟的微信
  health    asks the service on this machine whether it can serve · 查询本机的服务是否可用

  --help    this text; scenepass COMMAND --help says more · 本说明，也可用于各个命令
  --version

  Settings are environment variables, or stand in the file .env of this folder. Without any it is the
  sandbox on http://127.0.0.1:3000, with its data in ./data.
  配置写在环境变量或当前文件夹的 .env 文件中。什么都不配置时以沙箱方式运行在 http://127.0.0.1:3000，
  数据保存在 ./data。

  Exit status · 退出状态: 0 done · 成功; 1 failed · 失败; 2 wrong usage · 用法有误
`,
  start: `scenepass start

  Runs the service until it is stopped: Ctrl-C, or SIGTERM. It takes no options: settings are
  environment variables, or stand in the file .env of this folder.
  运行服务，直到按 Ctrl-C 或收到 SIGTERM 为止。没有选项：配置写在环境变量或当前文件夹的 .env 文件中。
`,
  migrate: `scenepass migrate

  Brings the schema of the database up to date and ends, for deployments with MIGRATE=off.
  把数据库结构更新到最新，然后退出；用于设置了 MIGRATE=off 的部署。
`,
  keys: `scenepass keys COMMAND

  list        the keys in the database: which one signs, which come next, which are retired
              列出数据库中的密钥：正在签名的、即将启用的、已退役的
  rotate      a new key: published at once, signs after 15 minutes; the old one retires then. With
              OpenID Connect there is an RSA key as well, and a new one of each kind is made
              生成新密钥：立即公布，15 分钟后开始签名，旧密钥随之退役。使用 OpenID Connect 时另有 RSA
              密钥，两种各生成一把
  remove KID  take a leaked key out at once; tokens it signed stop verifying
              立即移除泄露的密钥；它签过的令牌不再有效
  export      print the keys in the database as SIGNING_KEYS takes them, the one that signs first
              按 SIGNING_KEYS 的格式输出数据库中的密钥，正在签名的排在最前
  generate [--rsa]
              print a new private JWKS for SIGNING_KEYS; touches no database. With OIDC=on it needs
              --rsa, which adds an RSA key
              输出一份新的私有 JWKS，供 SIGNING_KEYS 使用；不访问数据库。OIDC=on 时须加 --rsa，会多生成
              一把 RSA 密钥
  push        print a new OA_TOKEN and OA_AES_KEY, for 消息与事件推送; touches no database
              输出新的 OA_TOKEN 和 OA_AES_KEY，用于“消息与事件推送”；不访问数据库
`,
  doctor: `scenepass doctor [--json]

  Checks this set-up and says what to do. Run it with the settings of the service, on the machine of
  the service, while that runs. It changes nothing: three tickets are created and canceled at once.
  检查当前部署并给出处理办法。请在服务所在的机器上、用服务的配置、在服务运行时执行。
  它不改动任何数据，只会创建三个票据并立即取消。

  --json   one JSON document instead of text · 输出一个 JSON 文档，供脚本使用
  --help   this text · 本说明

  Exit status · 退出状态: 0 a login would work · 可以登录; 1 it would not · 不能登录; 2 wrong usage · 用法有误
`,
  sandbox: `scenepass sandbox [--port 4000] [--host 127.0.0.1] [--service URL] [--public-url URL]

  The simulated WeChat alone, for several instances. It prints the settings that they need.
  单独运行模拟的微信，供多个实例共用。它会输出各实例所需的配置。

  --port, --host   where it listens · 监听的端口和地址
  --service        the ScenePass that its phone page talks to, http://127.0.0.1:3000 by default
                   手机页面所调用的 ScenePass，默认 http://127.0.0.1:3000
  --public-url     where browsers and phones reach it · 浏览器和手机访问它的地址
`,
  health: `scenepass health

  Asks the service on this machine (/readyz, by HOST and PORT) whether it can serve, for health checks
  of containers. It waits for 5 seconds at most.
  按 HOST 和 PORT 向本机的服务查询 /readyz 是否可用，供容器的健康检查使用，最多等待 5 秒。

  Exit status · 退出状态: 0 it can · 可用; 1 it cannot · 不可用
`,
}

/** @param command one of the entry's commands, or `scenepass` for all of them */
export const commandUsage = (command: string): string => usages[command] ?? ''

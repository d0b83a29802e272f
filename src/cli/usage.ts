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
  clients: `scenepass clients COMMAND

  The apps that people sign in to through this service, by OpenID Connect or the device grant.
  通过本服务登录的应用（OpenID Connect 或设备授权）。

  add --name NAME --redirect URI …   prints client_id and, this once, client_secret
                                     添加应用，输出 client_id 和只显示一次的 client_secret
  list                               all of them · 列出全部
  show ID                            one of them, and what to tell the app · 查看一个，以及应用所需的配置
  set ID OPTIONS                     changes what is given and nothing else · 只修改所写的各项
  secret ID                          a new client_secret; the old one is void · 换新密钥，旧密钥立即失效
  remove ID                          takes it out with all its tokens · 删除应用，其全部令牌随之失效

  --name NAME      what people read on their phone, 1 to 64 characters · 手机上显示的名称，1 到 64 个字符
  --redirect URI   where people come back to, in full; for several, give it again
                   登录后回到的完整地址，有多个时重复书写
  --public         has no secret, and needs PKCE: apps in browsers, on phones and computers
                   没有密钥，必须使用 PKCE：浏览器、手机、电脑上的应用
  --device         may use the device grant; --redirect can be left out then
                   可用设备授权，此时可以不写 --redirect
  --refresh        gets refresh tokens · 可得到刷新令牌
  --wechat         may ask for appid, openid and unionid · 可获取 appid、openid 和 unionid
  --email          gets a placeholder address @OIDC_EMAIL_DOMAIN · 可得到 @OIDC_EMAIL_DOMAIN 的占位邮箱地址
  --es256          id_tokens by ES256, not RS256 · id_token 用 ES256 而不是 RS256 签名
  --logout URI     where people go after signing out there; for several, give it again
                   在应用中退出登录后去往的地址，有多个时重复书写
  --home URL       where a sign-in that is over leads back to · 登录页失效后返回的地址
  --id ID          a client_id of your own choice · 自行指定 client_id
  --for APP        prints complete lines for that app; with add and show · 输出该应用的完整配置，用于 add 和 show:
                   grafana, gitea, spring, oauth2-proxy, mod_auth_openidc, authjs, casdoor, keycloak
  --json           one JSON document instead of text · 输出一个 JSON 文档，供脚本使用

  With set: --redirect and --logout replace all; --no-device, --no-refresh, --no-wechat, --no-email,
  --no-es256, --no-redirect, --no-logout, --no-home; --disable, --enable (its row is kept).
  用于 set：--redirect 和 --logout 会替换原有的全部地址；另有上述 --no-… 各项，以及停用 --disable 和
  启用 --enable（保留其记录）。

  Exit status · 退出状态: 0 done · 成功; 1 failed · 失败; 2 wrong usage, nothing is written · 用法有误，未作改动
`,
  doctor: `scenepass doctor [--lang zh|en] [--json]

  Checks this set-up and says what to do. Run it with the settings of the service, on the machine of
  the service, while that runs. It changes nothing: three tickets are created and canceled at once.
  检查当前部署并给出处理办法。请在服务所在的机器上、用服务的配置、在服务运行时执行。
  它不改动任何数据，只会创建三个票据并立即取消。

  --lang   zh or en; otherwise the language of the terminal (LANG) · 语言，默认随终端（LANG）
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
